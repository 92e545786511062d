import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SignJWT } from 'jose'
import OpenAI from 'openai'
import { emptyPayer } from '#core/attribution/payer.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { systemClock } from '#edge/system.ts'
import { openSettings, settingsFile } from '#store/settings/open.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'

const openSecret = 'tg-open-5ecre7'
const jwtSecret = 'a-shared-secret-of-at-least-32-bytes'

const keys = `
  - name: team
    key: ${callerSecret}
    attribution: {department: engineering, project: search, cost_center: cc_search, tags: {tier: gold}}
    may_override: [user_id, session_id, feature_flag]
    models: ["gpt-4.1*", fast]
  - name: open
    key: ${openSecret}
    attribution: {department: engineering, tags: {tier: gold}}
    may_override: [department, project, cost_center, user_id, session_id, feature_flag, request_path, tags]`

const more = `
aliases:
  - {name: fast, target: gpt-4.1-mini}
jwt:
  secret: ${jwtSecret}
  claims: {sub: user_id, "org.unit": department, project: project}`

let stack: Stack

before(async () => {
  stack = await startStack({ keys, more, timing: { ttftMs: 1, tokensPerSecond: 400, speed: 1 } })
})
after(() => stack.stop())

const hello = [{ role: 'user' as const, content: 'Hello [[simulate: speed=0]]' }]

interface Said {
  readonly key?: string
  readonly model?: string
  readonly metadata?: Record<string, string>
  readonly headers?: Record<string, string>
}

function client(apiKey: string): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${stack.url}/v1`, maxRetries: 0 })
}

async function record({ key = stack.key, model = 'gpt-4.1', metadata, headers = {} }: Said): Promise<SettleEntry> {
  const ask = { model, messages: hello, ...(metadata === undefined ? {} : { metadata }) }
  await client(key).chat.completions.create(ask, { headers })
  const entry = (await stack.ledger()).at(-1)
  assert.ok(entry)
  return entry
}

const ofTeam = {
  ...{ ...emptyPayer, department: 'engineering', project: 'search', costCenter: 'cc_search' },
  tags: { tier: 'gold' },
}

test('the key says who pays', async () => {
  const { call } = await record({})
  assert.deepEqual(call.payer, ofTeam)
  assert.equal(call.keyId, 'cfg_team')
})

test('a field that the key locks keeps its value, and the attempts are counted', async () => {
  const before = await stack.counter('tollgate_attribution_denied_total')
  const { call } = await record({
    metadata: { department: 'sales', user_id: 'u-1' },
    headers: { 'X-Project': 'other', 'X-Session-ID': 's-1', 'x-tollgate-tags': 'tier=lead' },
  })
  assert.deepEqual(call.payer, { ...ofTeam, userId: 'u-1', sessionId: 's-1' })
  assert.equal(await stack.counter('tollgate_attribution_denied_total'), before + 3)
})

test('claims yield to metadata, and metadata to headers', async () => {
  const token = await new SignJWT({ sub: 'u-jwt', org: { unit: 'from-jwt' }, project: 'from-jwt' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(jwtSecret))
  const header = stack.config().jwt?.header ?? ''
  const { call } = await record({
    key: openSecret,
    metadata: { project: 'from-metadata', cost_center: 'cc-metadata', audit_timestamp: 'now', mine: 'stays' },
    headers: { [header]: `Bearer ${token}`, 'X-Cost-Center': 'cc-header', 'x-tollgate-tags': 'a=1,b' },
  })
  assert.deepEqual(call.payer, {
    ...{ ...emptyPayer, department: 'from-jwt', userId: 'u-jwt', project: 'from-metadata', costCenter: 'cc-header' },
    tags: { tier: 'gold', audit_timestamp: 'now', a: '1', b: 'true' },
  })
  const sent = stack.simulator.simulation.requests.describe().at(-1) as { headers: object; bodyBase64: string }
  assert.ok(!JSON.stringify(sent.headers).includes(token))
  assert.deepEqual(JSON.parse(Buffer.from(sent.bodyBase64, 'base64').toString()).metadata, { mine: 'stays' })
})

test('a token that somebody else signed is refused', async () => {
  const token = await new SignJWT({ sub: 'u' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode('x'.repeat(32)))
  const headers = { [stack.config().jwt?.header ?? '']: token }
  await assert.rejects(record({ headers }), OpenAI.AuthenticationError)
  await assert.rejects(record({ headers: { 'X-User-ID': 'u'.repeat(10_000) } }), OpenAI.BadRequestError)
})

test('an answer echoes the cost center', async () => {
  const response = await client(openSecret)
    .chat.completions.create({ model: 'gpt-4.1', messages: hello }, { headers: { 'X-Cost-Center': 'cc-9' } })
    .asResponse()
  assert.equal(response.headers.get('x-cost-center'), 'cc-9')
  assert.match(response.headers.get('x-tollgate-cost-usd') ?? '', /^0\.\d{12}$/)
})

test('an alias and an odd spelling find their model', async () => {
  const aliased = await record({ model: 'fast' })
  assert.deepEqual([aliased.call.modelRequested, aliased.call.modelRouted], ['fast', 'gpt-4.1-mini'])
  const spelled = await record({ key: openSecret, model: 'Claude_Haiku_4.5' })
  assert.deepEqual([spelled.call.modelRouted, spelled.call.upstream], ['claude-haiku-4-5', 'anthropic'])
})

test('only the models of the key, whatever they are called', async () => {
  for (const model of ['gpt-4o', 'GPT_4O', 'claude-haiku-4-5']) {
    await assert.rejects(record({ model }), OpenAI.PermissionDeniedError)
  }
  assert.equal((await record({ model: 'GPT-4.1-NANO' })).call.modelRouted, 'gpt-4.1-nano')
})

test('keys that are made, expire and are revoked while the gateway runs', async () => {
  const settings = await openSettings({ path: join(stack.dataDir, settingsFile), clock: systemClock })
  const stored = { attribution: { ...emptyPayer, department: 'stored' }, mayOverride: [], models: null, mayBill: null }
  const made = await settings.createKey({ ...stored, name: 'made', expiresAtMs: null })
  const spent = await settings.createKey({ ...stored, name: 'spent', expiresAtMs: systemClock.wallMs() - 1 })
  assert.ok(made.kind === 'created' && spent.kind === 'created')
  const isKnown = (known: boolean) => async () => {
    const response = await client(made.secret)
      .models.list()
      .asResponse()
      .catch((fault) => fault)
    return (response.status === 200) === known ? true : null
  }
  await until('the new key to be known', isKnown(true))
  const { call } = await record({ key: made.secret })
  assert.deepEqual([call.payer.department, call.keyId], ['stored', made.key.id])
  await assert.rejects(record({ key: spent.secret }), /expired/)
  await settings.revokeKey('made')
  await until('the revoked key to be refused', isKnown(false))
  await assert.rejects(record({ key: made.secret }), /revoked/)
  await settings.close()
})

test('a reload changes what comes, and drops nothing that runs', async () => {
  const slow = [{ role: 'user' as const, content: 'Hello [[simulate: tokens=60 tps=100]]' }]
  const stream = await client(stack.key).chat.completions.create({ model: 'gpt-4.1', messages: slow, stream: true })
  const pieces = stream[Symbol.asyncIterator]()
  assert.equal((await pieces.next()).done, false)
  await stack.reload({ keys: keys.replaceAll('engineering', 'renamed').replace(callerSecret, 'tg-new-5ecre7') })
  const isNew = async () => {
    const response = await client('tg-new-5ecre7')
      .models.list()
      .asResponse()
      .catch((fault) => fault)
    return response.status === 200 ? true : null
  }
  await until('the new configuration to count', isNew)
  assert.equal((await record({ key: 'tg-new-5ecre7' })).call.payer.department, 'renamed')
  await assert.rejects(record({ key: callerSecret }), OpenAI.AuthenticationError)
  let finish: string | null | undefined
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
    finish = next.value.choices[0]?.finish_reason ?? finish
  }
  assert.equal(finish, 'stop')
  const ended = (await stack.ledger()).find((entry) => entry.call.stream)
  assert.deepEqual(
    [ended?.outcome, ended?.usageSource, ended?.call.payer.department],
    ['served', 'provider', 'engineering'],
  )
  assert.equal(ended?.tokens.output, 60)
})
