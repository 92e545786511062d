import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Side } from '#test/alerts/side.ts'
import { until } from '#test/support/until.ts'
import { alertmanagerFor, program } from './alertmanager.ts'
import { delivererFor } from './deliverer.ts'
import { eventOf, notificationOf, receiverOf } from './sample.ts'

const { skip } = program

test('a real Alertmanager takes alerts, fires them on, ends them, and takes what it missed', { skip }, async (t) => {
  const alertmanager = await alertmanagerFor(t)
  const deliverer = delivererFor(t)
  const receiver = receiverOf('alertmanager', alertmanager.url)
  const startedAtMs = Date.now() - 60_000
  const event = eventOf({ atMs: startedAtMs, labels: { budget: 'engineering', 'odd-name': 'ä"\n<x>' } })
  const firing = notificationOf({ firing: [event] })
  const over = notificationOf({ firing: [], resolved: [{ ...event, status: 'resolved', atMs: Date.now() }] })

  const absent = await deliverer.send(receiver, firing, Date.now())
  assert.ok(!absent.ok && absent.retryable, 'it is not there yet')

  await alertmanager.start()
  assert.deepEqual(await deliverer.send(receiver, firing, Date.now()), {
    ok: true,
    status: 200,
    detail: 'answered 200',
  })
  const [alert = assert.fail()] = await until('the alert', async () => {
    const alerts = await alertmanager.alerts()
    return alerts.length > 0 ? alerts : null
  })
  assert.equal(alert.labels['alertname'], 'budget_threshold')
  assert.equal(alert.labels['odd_name'], 'ä"\n<x>')
  assert.equal(alert.annotations['spent_usd'], '4012.50')
  assert.equal(Date.parse(alert.startsAt), startedAtMs)
  assert.ok(Date.parse(alert.endsAt) > Date.now() + 3_600_000, 'it outlives resolve_timeout')
  assert.equal((await deliverer.send(receiver, firing, Date.now())).ok, true)
  assert.equal((await alertmanager.alerts()).length, 1, 'told again it is still one alert')

  await alertmanager.stop()
  const down = await deliverer.send(receiver, over, Date.now())
  assert.ok(!down.ok && down.retryable, 'it is down for a while')

  await alertmanager.start()
  assert.equal((await deliverer.send(receiver, firing, Date.now())).ok, true)
  await until('the alert after the restart', async () => (await alertmanager.alerts()).length === 1)
  assert.equal((await deliverer.send(receiver, over, Date.now())).ok, true)
  await until('the end of the alert', async () => (await alertmanager.alerts()).length === 0)
})

test('what crosses while Alertmanager is down is there when it is back, and what fired before can be told again', {
  skip,
}, async (t) => {
  const alertmanager = await alertmanagerFor(t)
  const side = await Side.open(t)
  await side.start(`alerts:
  allow_private_urls: true
  receivers: [{name: central, alertmanager: {url: "${alertmanager.url}"}}]
  routes: [{receivers: [central], group_by: [model], group_interval: 1s}]
  live: {output_tokens: {default: 100}}
`)
  const tellsOf = async (...models: readonly string[]) => {
    const all = await alertmanager.alerts()
    return models.every((model) => all.some(({ labels }) => labels['model'] === model)) || null
  }
  await side.spend({ outputTokens: 500, model: 'm1' })
  const [failed] = await until('a try that finds nobody', async () => {
    const alerts = await side.alerts()
    return alerts[0]?.notifications[0]?.attempts[0] === undefined ? null : alerts
  })
  assert.deepEqual(
    failed?.notifications.map(({ status, attempts }) => [status, attempts[0]?.ok]),
    [['pending', false]],
  )
  await side.spend({ outputTokens: 500, model: 'm2' })
  await alertmanager.start()
  await until('both', () => tellsOf('m1', 'm2'))

  await alertmanager.stop()
  await side.spend({ outputTokens: 500, model: 'm3' })
  await until(
    'a try of the third',
    async () => (await side.alerts('label=model=m3'))[0]?.notifications[0]?.attempts[0] ?? null,
  )
  await alertmanager.start()
  await until('the third', () => tellsOf('m3'))
  // It keeps alerts in memory only: those from before come with their repetition, or when somebody wants them told.
  for (const { id } of await side.alerts('label=model=m1')) await side.ask('POST', `/api/v1/alerts/${id}/replay`)
  await until('the first', () => tellsOf('m1', 'm3'))
  assert.equal((await side.alerts('type=delivery_failure')).length, 0)
})
