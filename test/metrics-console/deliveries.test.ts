import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeReceiver, refuses, takes } from '#test/alerts/receiver.ts'
import { hook, usd } from '#test/alerts/side.ts'
import { until } from '#test/support/until.ts'
import { Console } from './console.ts'

const budget =
  'budgets:\n  - {name: team, scope: {department: engineering}, limits: [{window: month, usd: "100"}], thresholds: [50, 80], on_exceeded: notify}\n'
const grouping = 'group_by: [type, budget], group_wait: 0s, group_interval: 1s'

test('tries to deliver are counted by receiver and result, as they are booked', async (t) => {
  const console = await Console.open(t)
  const [ops, duty] = [new FakeReceiver(), new FakeReceiver()]
  for (const receiver of [ops, duty]) {
    await receiver.start()
    t.after(() => receiver.close())
  }
  const toBoth = `${budget}alerts:\n  allow_private_urls: true\n  receivers: [${hook('ops', ops)}, ${hook('duty', duty)}]\n  routes: [{receivers: [ops, duty], ${grouping}}]\n`
  // 503 is tried again, 410 is not.
  ops.behave = refuses(503)
  duty.behave = refuses(410)
  await console.start(toBoth)
  await console.shows({
    ...tries('ops', { delivered: 0, failed: 0, given_up: 0 }),
    ...tries('duty', { delivered: 0, failed: 0, given_up: 0 }),
    ...{ [pending('ops')]: 0, [pending('duty')]: 0, [firing('warning')]: 0 },
    'tollgate_alert_delivery_seconds_count{receiver="ops"}': 0,
  })

  await console.call(1, { department: 'engineering', cost: 60n * usd })
  await until('a message at each', () => (ops.got.length > 0 && duty.got.length > 0 ? true : null))
  await console.shows({ ...tries('duty', { delivered: 0, failed: 0, given_up: 1 }), [pending('duty')]: 0 })
  // The second tells that duty cannot be reached.
  await console.shows({ [pending('ops')]: 2, [tried('ops', 'delivered')]: 0 })
  const firingNow = [...(await console.samples())].filter(([name]) => name.startsWith('tollgate_alerts_firing{'))
  const fired = firingNow.filter(([, value]) => value > 0)
  // The budget's, and that duty cannot be reached.
  assert.deepEqual(
    fired.map(([name]) => /type="(\w+)"/.exec(name)?.[1]),
    ['budget_threshold', 'delivery_failure'],
  )

  ops.behave = takes
  await console.shows({ [pending('ops')]: 0, [tried('ops', 'given_up')]: 0 })
  const samples = await console.samples()
  const failed = ops.got.filter(({ taken }) => !taken).length
  assert.equal(samples.get(tried('ops', 'delivered')), ops.taken.length)
  assert.equal(samples.get(tried('ops', 'failed')), failed)
  assert.equal(samples.get('tollgate_alert_delivery_seconds_count{receiver="ops"}'), ops.got.length)

  await t.test('receivers are those that are configured', async () => {
    const toOps = `${budget}alerts:\n  allow_private_urls: true\n  receivers: [${hook('ops', ops)}]\n  routes: [{receivers: [ops], ${grouping}}]\n`
    await console.reload(toOps)
    const names = [...(await console.samples()).keys()].filter((name) => name.includes('receiver="'))
    assert.ok(names.length > 0)
    assert.deepEqual(
      names.filter((name) => !name.includes('receiver="ops"')),
      [],
    )
  })
})

function tried(receiver: string, result: string): string {
  return `tollgate_alert_deliveries_total{receiver="${receiver}",result="${result}"}`
}

function tries(receiver: string, expected: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(expected).map(([result, value]) => [tried(receiver, result), value]))
}

function pending(receiver: string): string {
  return `tollgate_alert_deliveries_pending{receiver="${receiver}"}`
}

function firing(severity: string): string {
  return `tollgate_alerts_firing{type="budget_threshold",severity="${severity}"}`
}
