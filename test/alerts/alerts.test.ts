import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '#test/support/until.ts'
import { refuses, takes } from './receiver.ts'
import { hook, Side, usd } from './side.ts'

const budget = (more = '') =>
  `budgets:\n  - {name: team, scope: {department: engineering}, limits: [{window: month, usd: "100"}], thresholds: [80, 100], on_exceeded: notify}\n${more}`

const alertsTo = (receivers: readonly string[], routes: string, more = '') =>
  `alerts:\n  allow_private_urls: true\n  receivers: [${receivers.join(', ')}]\n  routes: [${routes}]\n${more}`

const eachAlone = 'group_by: [type, budget, model], group_interval: 1s'

test('a crossing is told once, and what the receiver answered can be seen', async (t) => {
  const side = await Side.open(t)
  const receiver = await side.receiver()
  await side.start(budget(alertsTo([hook('ops', receiver)], `{receivers: [ops], ${eachAlone}}`)))
  for (const cost of [50n, 31n, 1n, 1n]) await side.spend({ cost: cost * usd })
  const [alert] = await side.settled(1)
  assert.equal(alert?.type, 'budget_threshold')
  assert.equal(alert.status, 'firing')
  assert.equal(alert.labels['budget'], 'team')
  assert.match(alert.message, /\S/)
  const [notification, ...others] = alert.notifications
  assert.deepEqual(others, [])
  assert.deepEqual(
    notification?.attempts.map(({ ok, status }) => [ok, status]),
    [[true, 200]],
  )
  assert.match(notification.attempts[0]?.detail ?? '', /\S/)
  assert.deepEqual(
    receiver.got.map(({ id }) => id),
    [notification.id],
  )
  const { body } = await side.ask('GET', `/api/v1/alerts/${alert.id}`)
  assert.deepEqual(body, alert)
})

test('a restart tells nothing twice and forgets nothing', async (t) => {
  const side = await Side.open(t)
  const receiver = await side.receiver()
  const text = budget(alertsTo([hook('ops', receiver)], `{receivers: [ops], ${eachAlone}}`))
  await side.start(text)
  await side.spend({ cost: 50n * usd })
  await side.spend({ cost: 31n * usd })
  await side.settled(1)
  await side.stop()
  await side.spend({ cost: 19n * usd })
  await side.start(text)
  await until('the second one to be told', () => receiver.got.length > 1 || null)
  await side.settled(2)
  const told = receiver.got.flatMap(({ alerts }) => alerts.map(({ id }) => id))
  assert.equal(new Set(told).size, 2)
  assert.equal(receiver.got.length, 2)
})

test('what is older than alerts themselves is known, but told to nobody', async (t) => {
  const side = await Side.open(t)
  const receiver = await side.receiver()
  const live = '  live: {output_tokens: {default: 100}}\n'
  const nowMs = Date.now()
  await side.spend({ outputTokens: 500, model: 'old', atMs: nowMs - 16 * 60_000 })
  await side.spend({ outputTokens: 500, model: 'new', atMs: nowMs - 60_000 })
  await side.start(alertsTo([hook('ops', receiver)], `{receivers: [ops], ${eachAlone}}`, live))
  const alerts = await side.settled(2)
  assert.deepEqual(
    alerts.map(({ labels, told, notifications }) => [labels['model'], told, notifications.length]),
    [
      ['new', true, 1],
      ['old', false, 0],
    ],
  )
  assert.equal(receiver.got.length, 1)
})

test('order is kept for a receiver that fails, and another one does not wait for it', async (t) => {
  const side = await Side.open(t)
  const [weak, sound] = [await side.receiver(), await side.receiver()]
  weak.behave = refuses(503, { 'retry-after': '1' })
  const routes = `{receivers: [weak, sound], ${eachAlone}}`
  const live = '  live: {output_tokens: {default: 100}}\n'
  await side.start(alertsTo([hook('weak', weak), hook('sound', sound)], routes, live))
  await side.spend({ outputTokens: 500, model: 'm1' })
  await until('a first try', () => weak.got.length > 0 || null)
  await side.spend({ outputTokens: 500, model: 'm2' })
  await until('the sound one to know both', () => sound.taken.length === 2 || null)
  assert.equal(weak.taken.length, 0)
  assert.equal((await side.ask('GET', '/api/v1/receivers')).body.data[0].waiting, 2)
  weak.behave = takes
  const alerts = await side.settled(2)
  const models = weak.taken.map(({ alerts: [alert] }) => alert?.labels['model'])
  assert.deepEqual(models, ['m1', 'm2'])
  const first = alerts.at(-1)?.notifications.find(({ receiver }) => receiver === 'weak')
  assert.equal(first?.attempts[0]?.status, 503)
  assert.equal(first.attempts.at(-1)?.ok, true)
  assert.equal(
    new Set(weak.got.filter(({ alerts: [alert] }) => alert?.labels['model'] === 'm1').map(({ id }) => id)).size,
    1,
  )
})

test('a message that is refused for good is given up, which others are told', async (t) => {
  const side = await Side.open(t)
  const [deaf, duty] = [await side.receiver(), await side.receiver()]
  deaf.behave = refuses(404)
  const receivers = [`{name: deaf, slack: {url: "${deaf.url}"}}`, hook('duty', duty)]
  const routes = `{match: {type: delivery_failure}, receivers: [duty, deaf], ${eachAlone}}, {receivers: [deaf], ${eachAlone}}`
  const live = '  live: {output_tokens: {default: 100}}\n'
  await side.start(alertsTo(receivers, routes, live))
  await side.spend({ outputTokens: 500, model: 'm1' })
  const [failure] = await side.settled(1, 'type=delivery_failure')
  assert.equal(failure?.labels['receiver'], 'deaf')
  assert.deepEqual(
    failure.notifications.map(({ receiver, status }) => [receiver, status]),
    [['duty', 'delivered']],
  )
  const [given] = await side.settled(1, 'type=oversized_request')
  assert.deepEqual(
    given?.notifications.map(({ status, attempts }) => [status, attempts.length]),
    [['failed', 1]],
  )

  deaf.behave = takes
  assert.equal((await side.ask('POST', `/api/v1/alerts/${given.id}/replay`)).body.notifications, 1)
  await side.settled(1, 'type=delivery_failure&status=resolved')
  await until(
    'its end to be told',
    () => duty.taken.some(({ alerts: [alert] }) => alert?.status === 'resolved') || null,
  )
  assert.equal(deaf.got.at(-1)?.taken, true)
  assert.ok(!side.log.includes(deaf.url), 'addresses stay out of the log')
})

test('a failing receiver of failures makes no further failures', async (t) => {
  const side = await Side.open(t)
  const [deaf, deafToo] = [await side.receiver(), await side.receiver()]
  for (const receiver of [deaf, deafToo]) receiver.behave = refuses(404)
  const receivers = [`{name: a, slack: {url: "${deaf.url}"}}`, `{name: b, slack: {url: "${deafToo.url}"}}`]
  const routes = `{match: {type: delivery_failure}, receivers: [a, b], ${eachAlone}}, {receivers: [a], ${eachAlone}}`
  const live = '  live: {output_tokens: {default: 100}}\n'
  await side.start(alertsTo(receivers, routes, live))
  await side.spend({ outputTokens: 500, model: 'm1' })
  const [failure] = await until('the failure to be given up too', async () => {
    const found = await side.alerts('type=delivery_failure')
    return found[0]?.notifications[0]?.status === 'failed' ? found : null
  })
  assert.deepEqual(
    failure?.notifications.map(({ receiver }) => receiver),
    ['b'],
  )
  await side.spend({ outputTokens: 500, model: 'm2' })
  await side.settled(2, 'type=oversized_request')
  assert.equal((await side.alerts('type=delivery_failure')).length, 1)
})

test('a replay sends the same message under the same id', async (t) => {
  const side = await Side.open(t)
  const receiver = await side.receiver()
  await side.start(budget(alertsTo([hook('ops', receiver)], `{receivers: [ops], ${eachAlone}}`)))
  await side.spend({ cost: 81n * usd })
  const [alert] = await side.settled(1)
  assert.equal((await side.ask('POST', `/api/v1/alerts/${alert?.id}/replay`)).status, 200)
  await until('it to come again', () => receiver.got.length === 2 || null)
  assert.equal(receiver.got[0]?.body, receiver.got[1]?.body)
  assert.equal(receiver.got[0]?.id, receiver.got[1]?.id)
  const [again] = await until('both tries to be seen', async () => {
    const found = await side.alerts()
    return found[0]?.notifications[0]?.attempts.length === 2 ? found : null
  })
  assert.equal(again?.notifications.length, 1)
})

test('a new configuration has new receivers and budgets without losing what is known', async (t) => {
  const side = await Side.open(t)
  const [first, second] = [await side.receiver(), await side.receiver()]
  const live = '  live: {output_tokens: {default: 100}}\n'
  await side.start(alertsTo([hook('first', first)], `{receivers: [first], ${eachAlone}}`, live))
  await side.spend({ cost: 85n * usd, outputTokens: 500, model: 'm1' })
  await side.settled(1)
  await side.reload(budget(alertsTo([hook('second', second)], `{receivers: [second], ${eachAlone}}`, live)))
  const [crossing] = await side.settled(1, 'type=budget_threshold')
  assert.deepEqual(
    crossing?.notifications.map(({ receiver }) => receiver),
    ['second'],
    'what was spent before counts',
  )
  await side.spend({ cost: 15n * usd })
  await side.settled(2, 'type=budget_threshold')
  assert.equal(first.got.length, 1)
  const told = second.taken.flatMap(({ alerts }) => alerts.map(({ type }) => type))
  assert.ok(told.includes('oversized_request'), 'what fires is told to a receiver that is new')
})

test('messages that wait go to where the receiver is now', async (t) => {
  const side = await Side.open(t)
  const [old, moved] = [await side.receiver(), await side.receiver()]
  old.behave = refuses(503, { 'retry-after': '3600' })
  const text = (to: typeof old) => budget(alertsTo([hook('ops', to)], `{receivers: [ops], ${eachAlone}}`))
  await side.start(text(old))
  await side.spend({ cost: 81n * usd })
  await until('a first try', () => old.got.length > 0 || null)
  await until(
    'it to be written down',
    async () => (await side.alerts())[0]?.notifications[0]?.attempts.length === 1 || null,
  )
  await side.reload(text(moved))
  await side.settled(1)
  assert.equal(moved.taken[0]?.id, old.got[0]?.id)
})
