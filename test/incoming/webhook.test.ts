import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import {
  duplicate,
  errorOf,
  post,
  processed,
  relaySource,
  send,
  signatureOf,
  sourceSecret,
  standardHeaders,
  standardSecret,
} from './sending.ts'

let stack: Stack
let sent = 0

const prices = `prices:
  - {provider: relay, model: priced-model, from: 2026-01-01, input_per_mtok: "1.00", output_per_mtok: "2.00"}`

before(async () => {
  stack = await startStack({ more: `${relaySource}\n${prices}` })
})
after(() => stack.stop())

/** An event with an id of its own. */
const event = (rest: object = {}) => ({
  id: `evt_${++sent}`,
  model: 'gpt-4.1',
  usage: { output_tokens: 7 },
  cost: { total_usd: 0.25 },
  ...rest,
})

async function entriesOf(id: string): Promise<SettleEntry[]> {
  return (await stack.ledger()).filter((entry) => entry.call.requestId === id)
}

async function entryOf(id: string): Promise<SettleEntry> {
  const [entry, ...others] = await entriesOf(id)
  assert.ok(entry !== undefined && others.length === 0, `one record of ${id}`)
  return entry
}

test('an event becomes one record, with the payer of the source and what the event says', async () => {
  const prompt = 'the recipe of our secret sauce'
  const atMs = Date.now() - 3_600_000
  const one = event({
    prompt,
    usage: { input_tokens: 12, output_tokens: 34, cached_input_tokens: 2, reasoning_tokens: 4 },
    user: 'alice',
    department: 'engineering',
    project: 'search',
    tags: { team: 'a' },
    timestamp: new Date(atMs).toISOString(),
  })
  assert.deepEqual(await send(stack.url, one), processed)
  const { call, ...entry } = await entryOf(one.id)
  assert.deepEqual(call.payer, {
    department: 'engineering',
    project: 'search',
    costCenter: 'cc_relay',
    userId: 'alice',
    sessionId: '',
    featureFlag: '',
    requestPath: '',
    tags: { via: 'relay', team: 'a' },
  })
  assert.match(call.callId, /^EXT[0-9A-Z]{23}$/)
  assert.deepEqual([call.upstream, call.vendor, call.modelRequested], ['relay', 'openai', 'gpt-4.1'])
  assert.deepEqual([call.startedAtMs, entry.endedAtMs, entry.latencyMs], [atMs, atMs, 0])
  assert.deepEqual([entry.tokens.input, entry.tokens.cachedInput, entry.tokens.output], [12, 2, 34])
  assert.deepEqual([entry.outcome, entry.usageSource, entry.marks], ['served', 'provider', ['external']])
  assert.equal(formatUsd(entry.cost.totalPicoUsd), '0.250000000000')
  assert.equal(entry.cost.providerStatedPicoUsd, entry.cost.totalPicoUsd)
  assert.match(call.promptHash, /^[0-9a-f]{32}$/)
  assert.ok(!JSON.stringify(await stack.ledger(), (_, v) => (typeof v === 'bigint' ? String(v) : v)).includes(prompt))
  assert.ok(!stack.log.includes(prompt))
})

test('amounts are booked as they were written, not as a double has them', async () => {
  const amounts = ['0.1', '123456789.123456789012', '1e-7', '0.000000000001', '0', '"0.30"']
  for (const amount of amounts) {
    const id = `evt_${++sent}`
    assert.deepEqual(await send(stack.url, `{"id":"${id}","model":"m","cost":{"total_usd":${amount}}}`), processed)
    const { cost, usageSource } = await entryOf(id)
    const parts = cost.inputPicoUsd + cost.outputPicoUsd + cost.otherPicoUsd
    assert.deepEqual([cost.totalPicoUsd, parts, usageSource], [picoOf(amount), cost.totalPicoUsd, 'none'])
  }
})

function picoOf(amount: string): bigint {
  if (amount === '1e-7') return 100_000n
  const [whole = '', fraction = ''] = amount.replaceAll('"', '').split('.')
  return BigInt(whole + fraction.padEnd(12, '0'))
}

test('a known id is counted once, whatever comes with it, one after the other or a hundred at a time', async () => {
  const one = event()
  assert.deepEqual(await send(stack.url, one), processed)
  assert.deepEqual(await send(stack.url, one), duplicate)
  assert.deepEqual(await send(stack.url, { ...one, cost: { total_usd: 99 } }), duplicate)
  assert.equal(formatUsd((await entryOf(one.id)).cost.totalPicoUsd), '0.250000000000')

  const crowd = event()
  const answers = await Promise.all(Array.from({ length: 100 }, () => send(stack.url, crowd)))
  assert.equal(answers.filter(({ status }) => status === 200).length, 100)
  const statuses = answers.map(({ body }) => (body as { status: string }).status)
  assert.equal(statuses.filter((status) => status === 'processed').length, 1)
  await entryOf(crowd.id)
})

test('ids of numbers beyond a double stay apart', async () => {
  const ids = ['9007199254740992', '9007199254740993']
  for (const id of ids) assert.deepEqual(await send(stack.url, `{"id":${id},"cost":{"total_usd":1}}`), processed)
  for (const id of ids) await entryOf(id)
})

test('a list is booked whole, an event twice in it once, and what is known already not again', async () => {
  const [first, second, third] = [event(), event(), event()]
  await send(stack.url, first)
  const answer = await send(stack.url, [first, second, third, second])
  assert.deepEqual(answer.body, { status: 'processed', alerts: 0, processed: 2, duplicates: 2 })
  const again = await send(stack.url, [second, third])
  assert.deepEqual(again.body, { status: 'duplicate', alerts: 0, processed: 0, duplicates: 2 })
  for (const { id } of [first, second, third]) await entryOf(id)
})

test('an event with a bad field is refused by its path, and nothing of its list is booked', async () => {
  const bad: readonly (readonly [object, string])[] = [
    [{ id: '' }, 'id'],
    [{ id: null }, 'id'],
    [{ id: 'x'.repeat(257) }, 'id'],
    [{ cost: { total_usd: -1 } }, 'cost.total_usd'],
    [{ cost: { total_usd: 'twelve' } }, 'cost.total_usd'],
    [{ cost: { total_usd: true } }, 'cost.total_usd'],
    [{ cost: { total_usd: 1e10 } }, 'cost.total_usd'],
    [{ cost: 1 }, 'cost'],
    [{ cost: {} }, 'cost.total_usd'],
    [{ usage: { output_tokens: -1 } }, 'usage.output_tokens'],
    [{ usage: { input_tokens: 1.5 } }, 'usage.input_tokens'],
    [{ usage: { input_tokens: '7' } }, 'usage.input_tokens'],
    [{ usage: [] }, 'usage'],
    [{ department: {} }, 'department'],
    [{ cost_center: 'a\u0000b' }, 'cost_center'],
    [{ tags: 7 }, 'tags'],
    [{ timestamp: 'yesterday' }, 'timestamp'],
    [{ timestamp: '2026-02-30T00:00:00Z' }, 'timestamp'],
  ]
  for (const [change, path] of bad) {
    assert.deepEqual(errorOf(await send(stack.url, event(change))), [400, 'invalid_request', path])
  }
  const good = event()
  const listed = await send(stack.url, [good, event({ usage: { output_tokens: -1 } })])
  assert.deepEqual(errorOf(listed), [400, 'invalid_request', '[1].usage.output_tokens'])
  assert.deepEqual(await entriesOf(good.id), [])
  for (const body of ['', '{', 'null', '7', '[7]', '[['.repeat(100_000), '\ud800']) {
    assert.equal((await send(stack.url, body)).status, 400)
  }
})

test('what is not signed, or not with the secret of the source, is refused', async () => {
  const one = event()
  const body = JSON.stringify(one)
  const url = `${stack.url}/webhook/relay`
  const bad: Record<string, string>[] = [
    {},
    { 'x-relay-signature': '' },
    { 'x-relay-signature': 'sha256=' },
    { 'x-relay-signature': signatureOf(body).slice('sha256='.length) },
    { 'x-relay-signature': signatureOf(body, 'another secret') },
    { 'x-relay-signature': signatureOf(`${body} `) },
    { 'x-relay-signature': signatureOf(body).slice(0, -2) },
    { 'x-relay-signature': `${signatureOf(body)}00` },
    { 'x-relay-signature': signatureOf(body).replace('sha256=', 'sha1=') },
    { 'x-relay-signature': `sha256=${Buffer.from(signatureOf(body).slice(7), 'hex').toString('base64')}` },
    { 'x-relay-signature': `${signatureOf(body)}, ${signatureOf(body)}` },
    { 'x-relay-signature': `sha256=${'0'.repeat(64)}` },
    { 'x-relay-signature': signatureOf(JSON.stringify({ ...one, cost: { total_usd: 0 } })) },
    { 'x-relay-signature': signatureOf('') },
    { 'x-other-signature': signatureOf(body) },
    { 'x-relay-signature': signatureOf(body), 'x-tollgate-signature': signatureOf(body, 'another secret') },
    { 'x-relay-signature': signatureOf(body), 'webhook-signature': 'v1,AAAA' },
  ]
  for (const headers of bad) assert.deepEqual(errorOf(await post(url, body, headers)), [403, 'bad_signature', null])
  assert.deepEqual(await entriesOf(one.id), [])
  assert.ok(!stack.log.includes(sourceSecret))
  for (const name of ['x-tollgate-signature', 'X-HolySheep-Signature', 'X-Relay-Signature']) {
    const text = JSON.stringify(event())
    assert.deepEqual(await post(url, text, { [name]: signatureOf(text) }), processed)
  }
})

test('numbers are what was written, or a fault: no event is booked with another amount', async () => {
  const texts: readonly (readonly [text: string, param: string | null])[] = [
    ...['NaN', 'Infinity', '0x10', '1_000', '+1', '.5', '01'].map((text) => [text, null] as const),
    ...['-1', '-1e-12', '1e9999', '1e999999999', '1e-999999999', '"NaN"', '"-0.01"', '"1e10"', '"1,5"', '[1]'].map(
      (text) => [text, 'cost.total_usd'] as const,
    ),
    [`0.${'1'.repeat(900_000)}`, 'cost.total_usd'],
  ]
  for (const [text, param] of texts) {
    const answer = await send(stack.url, `{"id":"evt_odd","cost":{"total_usd":${text}}}`)
    assert.deepEqual(errorOf(answer), [400, 'invalid_request', param], text.slice(0, 20))
  }
  for (const usage of ['1e400', '-1', '1.5', '9007199254740993', '1e12999', 'true', '"1"']) {
    const answer = await send(stack.url, `{"id":"evt_odd","cost":{"total_usd":1},"usage":{"output_tokens":${usage}}}`)
    assert.deepEqual(errorOf(answer), [400, 'invalid_request', 'usage.output_tokens'], usage)
  }
  for (const timestamp of ['1e400', '"2026-01-01"', '"+275760-09-13T00:00:01Z"', '{}']) {
    const answer = await send(stack.url, `{"id":"evt_odd","cost":{"total_usd":1},"timestamp":${timestamp}}`)
    assert.deepEqual(errorOf(answer), [400, 'invalid_request', 'timestamp'], timestamp)
  }
  assert.deepEqual(await entriesOf('evt_odd'), [])
  const id = `evt_${++sent}`
  assert.deepEqual(await send(stack.url, `{"id":"${id}","cost":{"total_usd":1.25e-7}}`), processed)
  assert.equal(formatUsd((await entryOf(id)).cost.totalPicoUsd), '0.000000125000')
})

test('a list that is too long, and a body that is nested too deep, are refused before any of it is booked', async () => {
  const one = event()
  const long = await send(stack.url, [one, ...Array.from({ length: 1_000 }, () => event())])
  assert.deepEqual(errorOf(long), [400, 'invalid_request', null])
  assert.deepEqual(await entriesOf(one.id), [])
  const deep = await send(stack.url, `${'['.repeat(400_000)}${']'.repeat(400_000)}`)
  assert.deepEqual(errorOf(deep), [400, 'invalid_request', null])
})

test('headers of Standard Webhooks are enough, and too old or too new ones are refused', async () => {
  const url = `${stack.url}/webhook/standard`
  for (const [offMs, status] of [
    [0, 200],
    [-240_000, 200],
    [-600_000, 403],
    [600_000, 403],
  ] as const) {
    const body = JSON.stringify(event())
    assert.equal((await post(url, body, standardHeaders(body, Date.now() + offMs, standardSecret))).status, status)
  }
})

test('a source that is not there, has no secret, another method and a body too large are refused', async () => {
  const body = JSON.stringify(event())
  const headers = { 'x-tollgate-signature': signatureOf(body) }
  assert.equal((await post(`${stack.url}/webhook/nobody`, body, headers)).status, 404)
  assert.equal((await post(`${stack.url}/webhook/`, body, headers)).status, 404)
  assert.equal((await post(`${stack.url}/webhook/silent`, body, headers)).status, 403)
  const unsigned = { 'x-tollgate-signature': signatureOf(body, '') }
  assert.equal((await post(`${stack.url}/webhook/silent`, body, unsigned)).status, 403)
  const got = await fetch(`${stack.url}/webhook/relay`)
  assert.deepEqual([got.status, got.headers.get('allow')], [405, 'POST'])
  assert.deepEqual(errorOf(await send(stack.url, event({ prompt: 'x'.repeat(1_000_001) }))), [
    413,
    'body_too_large',
    null,
  ])
})

test('an event without a cost is priced where there is a price for it', async () => {
  const one = event({ model: 'priced-model', usage: { input_tokens: 1_000_000, output_tokens: 500_000 }, cost: null })
  assert.deepEqual(await send(stack.url, one), processed)
  assert.equal(formatUsd((await entryOf(one.id)).cost.totalPicoUsd), '2.000000000000')
  const listed = event({ usage: { input_tokens: 1_000_000 }, cost: null })
  assert.deepEqual(await send(stack.url, listed), processed)
  assert.equal(formatUsd((await entryOf(listed.id)).cost.totalPicoUsd), '2.000000000000')
  const unknown = await send(stack.url, event({ model: 'no-such-model', cost: null }))
  assert.deepEqual(errorOf(unknown), [400, 'invalid_request', 'cost.total_usd'])
})

test('a time of the last ninety days is kept, another is now', async () => {
  const beforeMs = Date.now()
  const dayMs = 86_400_000
  const times: readonly (readonly [unknown, number | null])[] = [
    [Math.floor(beforeMs / 1000) - 60, (Math.floor(beforeMs / 1000) - 60) * 1000],
    [beforeMs - 5, beforeMs - 5],
    [new Date(beforeMs - 89 * dayMs).toISOString(), beforeMs - 89 * dayMs],
    [new Date(beforeMs - dayMs).toISOString().replace('Z', ''), beforeMs - dayMs],
    [new Date(beforeMs - 91 * dayMs).toISOString(), null],
    [new Date(beforeMs + dayMs).toISOString(), null],
    [undefined, null],
  ]
  for (const [timestamp, expectedMs] of times) {
    const one = event({ timestamp })
    assert.deepEqual(await send(stack.url, one), processed)
    const { startedAtMs } = (await entryOf(one.id)).call
    if (expectedMs !== null) assert.equal(startedAtMs, expectedMs)
    else assert.ok(startedAtMs >= beforeMs && startedAtMs <= Date.now(), String(timestamp))
  }
})

test('sources follow a reload, and what is counted shows in the metrics', async () => {
  const booked = await stack.counter('tollgate_external_events_total')
  const replays = await stack.counter('tollgate_external_replays_total')
  const one = event()
  await send(stack.url, one)
  await send(stack.url, one)
  assert.equal(await stack.counter('tollgate_external_events_total'), booked + 1)
  assert.equal(await stack.counter('tollgate_external_replays_total'), replays + 1)
  await stack.reload({ more: `incoming: [{source: relay, secret: another-secret-of-it}]` })
  assert.equal((await send(stack.url, event())).status, 403)
  await stack.reload({ more: `${relaySource}\n${prices}` })
  assert.deepEqual(await send(stack.url, event()), processed)
})
