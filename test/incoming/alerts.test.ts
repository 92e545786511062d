import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AlertSide } from '#compose/console/alerts.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import { systemClock } from '#edge/system.ts'
import { createLog } from '#lib/log.ts'
import { randomFrom } from '#simulator/random.ts'
import { openSettingsAndAlerts, settingsFile } from '#store/settings/open.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { alarming, duplicate, post, processed, relaySource, send } from './sending.ts'

const limits = `budgets:
  - {name: unassigned, scope: {department: unassigned}, limits: [{window: day, usd: "100"}], thresholds: [50, 80, 100], on_exceeded: notify}
  - {name: sales, scope: {department: sales}, limits: [{window: month, usd: "10"}], thresholds: [80], on_exceeded: block}
alerts:
  live:
    hourly_cost_usd: {total: "1000", models: {dear: "5"}}
    output_tokens: {default: 1000}
    duplicate_prompts: 3`

let stack: Stack
let sent = 0

before(async () => {
  stack = await startStack({ more: `${relaySource}\n${limits}` })
})
after(() => stack.stop())

/** One for all, so that no hour or day begins in the middle of a test. */
const timestamp = new Date().toISOString()
const event = (rest: object = {}) => ({
  ...{ id: `evt_${++sent}`, model: 'cheap', cost: { total_usd: 0 }, timestamp },
  ...rest,
})
const bill = (rest: object) =>
  post(
    `${stack.url}/v1/billing/webhook`,
    JSON.stringify({ vendor: 'v', cost_center: 'c', resource_id: `res_${++sent}`, timestamp, ...rest }),
    { authorization: `Bearer ${callerSecret}` },
  )

test('an answer says how many thresholds the event has crossed, each once', async () => {
  assert.deepEqual(await send(stack.url, event({ cost: { total_usd: 49 } })), processed)
  const crossing = event({ cost: { total_usd: 40 } })
  assert.deepEqual(await send(stack.url, crossing), alarming(2))
  assert.deepEqual(await send(stack.url, crossing), duplicate)
  assert.deepEqual(await send(stack.url, event({ cost: { total_usd: 1 } })), processed)
  assert.deepEqual(await send(stack.url, event({ cost: { total_usd: 11 } })), alarming(1))
})

test('a restart forgets neither what was crossed nor how often a prompt came', async () => {
  for (let n = 0; n < 3; n++) {
    assert.deepEqual(
      await send(stack.url, event({ prompt: 'again', model: 'dear', cost: { total_usd: 1.5 } })),
      processed,
    )
  }
  await stack.stopGateway()
  await stack.startGateway()
  assert.deepEqual(
    await send(stack.url, event({ prompt: 'again', model: 'DEAR', cost: { total_usd: 1 } })),
    alarming(2),
  )
  assert.deepEqual(await send(stack.url, event({ prompt: 'again', model: 'dear', cost: { total_usd: 1 } })), processed)
})

test('an answer that is too long is one alert, and a list of events has the sum of its alerts', async () => {
  const long = () => event({ usage: { output_tokens: 1001 } })
  assert.deepEqual(await send(stack.url, long()), alarming(1))
  const answer = await send(stack.url, [long(), event({ usage: { output_tokens: 1000 } }), long()])
  assert.deepEqual(answer.body, { status: 'processed', alerts: 2, processed: 3, duplicates: 0 })
})

test('of equal events at the same time one answer has the alert', async () => {
  const one = event({ department: 'sales', cost: { total_usd: 9 } })
  const answers = await Promise.all(Array.from({ length: 50 }, () => send(stack.url, one)))
  const alerts = answers.map(({ body }) => (body as { readonly alerts: number }).alerts)
  assert.deepEqual(alerts.toSorted(), [...Array<number>(49).fill(0), 1])
})

test('a bill counts once in its hour, and says what it has set off', async () => {
  await stack.reload({ more: `${relaySource}\nalerts: {live: {hourly_cost_usd: {total: "100000"}}}` })
  assert.deepEqual(await bill({ amount_usd: 60_000 }), processed)
  assert.deepEqual(await bill({ amount_usd: 39_000 }), processed)
  assert.deepEqual(await bill({ amount_usd: 1_001 }), alarming(1))
})

test('what calls have cost in the hour counts with what events bring', async () => {
  await stack.reload({ more: `${relaySource}\nalerts: {live: {hourly_cost_usd: {models: {gpt-4.1: "0.001"}}}}` })
  const body = JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'hello' }] })
  const headers = { authorization: `Bearer ${callerSecret}`, 'content-type': 'application/json' }
  const call = await fetch(`${stack.url}/v1/chat/completions`, { method: 'POST', headers, body })
  assert.equal(call.status, 200)
  await call.text()
  const { cost, call: entry } = await until('its record', async () => {
    return (await stack.ledger()).find(({ call: { modelRouted } }) => modelRouted === 'gpt-4.1') ?? null
  })
  const spent = cost.totalPicoUsd
  assert.ok(spent > 0n && spent < 1_000_000_000n, `the call cost ${spent}`)
  const same = { model: 'gpt-4.1', timestamp: entry.startedAtMs }
  const rest = formatUsd(picoUsd(1_000_000_000n - spent))
  assert.deepEqual(await send(stack.url, event({ ...same, cost: { total_usd: rest } })), processed)
  assert.deepEqual(await send(stack.url, event({ ...same, cost: { total_usd: '0.000000000001' } })), alarming(1))
})

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

test(`what the answers add up to is what the console finds in the journal (seed ${seed})`, async (t) => {
  const random = randomFrom(seed)
  const own = await startStack({ more: `${relaySource}\n${limits}` })
  t.after(() => own.stop())
  const one = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? ''
  let set = 0
  const ids = new Set<string>()
  let long = 0
  const microUsd = { unassigned: 0, sales: 0 }
  for (let n = 0; n < 150; n++) {
    const id = `evt_${Math.floor(random() * 130)}`
    const department = random() < 0.5 ? 'unassigned' : 'sales'
    const isLong = n === 0 || random() < 0.1
    const cost = Math.floor(random() * 3_000_000)
    const answer = await send(own.url, {
      id,
      model: one(['cheap', 'dear', 'DEAR']),
      department,
      prompt: one(['', 'p1', 'p2', 'p3']),
      usage: { output_tokens: isLong ? 1_001 : 5 },
      cost: { total_usd: (cost / 1_000_000).toFixed(6) },
      timestamp,
    })
    if (!ids.has(id)) {
      ids.add(id)
      if (isLong) long++
      microUsd[department] += cost
    }
    set += (answer.body as { readonly alerts: number }).alerts
    if (n === 70) {
      await own.stopGateway()
      await own.startGateway()
    }
  }
  assert.deepEqual(
    await send(own.url, { id: 'last', model: 'last', usage: { output_tokens: 1_001 }, cost: { total_usd: 0 } }),
    alarming(1),
  )

  const place = { path: join(own.dataDir, settingsFile), clock: systemClock }
  const { settings, alerts: store } = await openSettingsAndAlerts(place)
  const log = createLog({ level: 'error', format: 'json', name: 'console' }, { write: () => undefined })
  const side = new AlertSide(own.config(), store, log)
  t.after(async () => {
    await side.close()
    await settings.close()
  })
  side.start()
  const question = { state: null, types: [], severities: [], sinceMs: null, limit: 1_000, after: null }
  await until(
    'the last one',
    async () => (await side.desk.alerts({ ...question, labels: [['model', 'last']] })).length === 1,
  )
  const found = await side.desk.alerts({ ...question, labels: [] })
  // Beside these there are those of the hour's cost and of prompts that come again.
  const crossed = [50, 80, 100].filter((usd) => microUsd.unassigned >= usd * 1_000_000).length
  const least = long + crossed + (microUsd.sales >= 8_000_000 ? 1 : 0)
  assert.ok(least > 0 && set >= least, `${set} alerts were set off, at least ${least} should have been`)
  assert.equal(found.length, set + 1)
})
