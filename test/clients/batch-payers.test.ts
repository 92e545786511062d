import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { SignJWT } from 'jose'
import OpenAI, { toFile } from 'openai'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

let stack: Stack

const openSecret = 'tg-open-5ecre7-0f-nobody'
const jwtSecret = 'a-shared-secret-of-at-least-32-bytes'

before(async () => {
  const keys = `
  - {name: team, key: ${callerSecret}, attribution: {department: engineering}, may_override: [project]}
  - {name: open, key: ${openSecret}}`
  const more = `
jwt: {secret: ${jwtSecret}, claims: {unit: department, plan: project}}
limits: {request_body_bytes: 65536}`
  stack = await startStack({ keys, more })
})
after(() => stack.stop())

const anthropic = (apiKey = openSecret) => new Anthropic({ apiKey, baseURL: stack.url, maxRetries: 0 })
const openai = (apiKey = openSecret) => new OpenAI({ apiKey, baseURL: `${stack.url}/v1`, maxRetries: 0 })

async function last(): Promise<SettleEntry> {
  return (await stack.ledger()).at(-1) ?? assert.fail('no record')
}

/** What the provider was sent last. */
function sentBody(): string {
  const sent = stack.simulator.simulation.requests.describe().at(-1) as { bodyBase64: string }
  return Buffer.from(sent.bodyBase64, 'base64').toString()
}

const params = (metadata: object = {}, content = 'Bridges?') => ({
  ...{ model: 'claude-haiku-4-5', max_tokens: 60, messages: [{ role: 'user' as const, content }] },
  metadata: metadata as Anthropic.Metadata,
})

async function orderFile(metadata: Record<string, string>, apiKey = openSecret, headers = {}): Promise<string> {
  const body = { model: 'gpt-4.1-mini', messages: [{ role: 'user', content: 'Tunnels?' }] }
  const line = JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body })
  const input = await openai().files.create({ purpose: 'batch', file: await toFile(Buffer.from(line), 'in.jsonl') })
  const order = {
    input_file_id: input.id,
    endpoint: '/v1/chat/completions' as const,
    completion_window: '24h' as const,
  }
  return (await openai(apiKey).batches.create({ ...order, metadata }, { headers })).id
}

async function readFile(id: string): Promise<SettleEntry> {
  const { output_file_id: output } = await openai().batches.retrieve(id)
  assert.ok(output)
  await (await openai().files.content(output)).text()
  const record = await last()
  assert.ok(record.marks.includes('batch') && record.cost.totalPicoUsd > 0n)
  return record
}

test("an OpenAI batch's metadata says who pays for its results, and our part of it stays here", async () => {
  const id = await orderFile({ department: 'research', tags: 'a=1', own: '1' })
  assert.deepEqual(JSON.parse(sentBody()).metadata, { own: '1' })
  assert.equal((await last()).call.payer.department, 'research')
  assert.equal((await last()).call.promptHash, '')
  const { payer } = (await readFile(id)).call
  assert.deepEqual([payer.department, payer.tags], ['research', { a: '1' }])
})

test('in a batch as in any call the key has the first word, and headers beat metadata beats claims', async () => {
  const before = await stack.counter('tollgate_attribution_denied_total')
  const locked = await readFile(await orderFile({ department: 'SNEAK', project: 'search' }, callerSecret))
  assert.deepEqual([locked.call.payer.department, locked.call.payer.project], ['engineering', 'search'])
  assert.equal(await stack.counter('tollgate_attribution_denied_total'), before + 1)
  const token = await new SignJWT({ unit: 'of-claim', plan: 'of-claim' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(jwtSecret))
  const headers = { [stack.config().jwt?.header ?? '']: token, 'X-Cost-Center': 'of-header' }
  const id = await orderFile({ project: 'of-body', cost_center: 'of-body' }, openSecret, headers)
  const { department, project, costCenter } = (await readFile(id)).call.payer
  assert.deepEqual([department, project, costCenter], ['of-claim', 'of-body', 'of-header'])
})

test('the metadata of the requests of an Anthropic batch says who pays, and only its user ids go on', async () => {
  const requests = [
    { custom_id: 'one', params: params({ user_id: 'u-1', department: 'research', own: '1' }) },
    { custom_id: 'two', params: params({ department: 'research' }) },
    { custom_id: 'three', params: params({ user_id: 'u-2' }) },
  ]
  const { id } = await anthropic().messages.batches.create({ requests })
  const sent = JSON.parse(sentBody()).requests.map((request: { params: object }) => request.params)
  assert.deepEqual(
    sent.map(({ metadata }: { metadata?: object }) => metadata),
    [{ user_id: 'u-1', own: '1' }, undefined, { user_id: 'u-2' }],
  )
  for await (const { result } of await anthropic().messages.batches.results(id)) assert.equal(result.type, 'succeeded')
  const record = await last()
  assert.ok(record.marks.includes('batch') && record.cost.totalPicoUsd > 0n)
  assert.deepEqual([record.call.payer.department, record.call.payer.userId], ['research', ''])
})

test('metadata of the whole Anthropic batch is ours alone', async () => {
  const order = { requests: [{ custom_id: 'one', params: params({ user_id: 'u-1' }) }] }
  const metadata = { department: 'research', user_id: 'u-1' }
  await anthropic().messages.batches.create({ ...order, metadata } as typeof order)
  assert.deepEqual(JSON.parse(sentBody()), order)
  const { department, userId } = (await last()).call.payer
  assert.deepEqual([department, userId], ['research', 'u-1'])
})

test('a batch for several payers is refused', async () => {
  const requests = ['a', 'b'].map((department) => ({ custom_id: department, params: params({ department }) }))
  await assert.rejects(anthropic().messages.batches.create({ requests }), /metadata\.department differs/)
  assert.equal((await last()).errorCode, 'invalid_attribution')
})

test('stored completions are updated without what is ours', async () => {
  await openai()
    .chat.completions.update('chatcmpl-1', { metadata: { department: 'research', own: '1' } })
    .catch((fault) => assert.ok(fault instanceof OpenAI.APIError))
  assert.equal(sentBody(), '{"metadata":{"own":"1"}}')
})

async function post(path: string, body: string, type = 'application/json'): Promise<[status: number, code: unknown]> {
  const headers = { authorization: `Bearer ${openSecret}`, 'content-type': type }
  const answer = await fetch(stack.url + path, { method: 'POST', headers, body })
  const { error } = (await answer.json()) as { error: { code: unknown } }
  return [answer.status, error.code]
}

test('what cannot be read is not passed on', async () => {
  const batches = '/v1/batches'
  assert.deepEqual(await post(batches, '{"metadata":'), [400, 'invalid_json'])
  assert.deepEqual(await post(batches, '[]'), [400, 'invalid_request'])
  assert.deepEqual(await post(batches, '{}', 'text/plain'), [415, 'unsupported_content_type'])
  assert.deepEqual(await post(batches, '{"metadata":{},"metadata":{}}'), [400, 'invalid_request'])
  assert.deepEqual(await post(batches, '{"Metadata":{"department":"a"}}'), [400, 'invalid_request'])
  assert.deepEqual(await post(batches, '{"metadata":{"department":["a"]}}'), [400, 'invalid_attribution'])
  assert.equal((await post(batches, JSON.stringify({ pad: 'x'.repeat(70_000) })))[0], 413)
})

test('a failed order is not repeated, and a cancellation needs no body', async () => {
  const { faults, requests } = stack.simulator.simulation
  const id = await orderFile({})
  faults.replace([{ path: '/v1/batches', directives: 'status=500', times: 1 }])
  const before = requests.describe().length
  await assert.rejects(
    openai().batches.create({ input_file_id: 'x', endpoint: '/v1/chat/completions', completion_window: '24h' }),
  )
  assert.equal(requests.describe().length, before + 1)
  assert.equal((await openai().batches.cancel(id)).status, 'cancelling')
  assert.equal(sentBody(), '')
})
