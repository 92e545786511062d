import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alertOf, overOf } from '#test/alerting/sample-alerts.ts'
import { Dispatcher, type DispatcherOptions } from './dispatch.ts'
import type { Notification } from './notification.ts'
import type { Route, Silence } from './routing.ts'

const minuteMs = 60_000

function routeOf(more: Partial<Route> = {}): Route {
  return {
    match: {},
    receivers: ['ops'],
    groupBy: [],
    groupWaitMs: 0,
    groupIntervalMs: 5 * minuteMs,
    repeatIntervalMs: 60 * minuteMs,
    continue: false,
    ...more,
  }
}

function optionsOf(routes: readonly Route[], more: Partial<DispatcherOptions> = {}): DispatcherOptions {
  const receivers = ['ops', 'duty', 'quiet'].map((name) => {
    return { name, sendResolved: name !== 'quiet', kind: name === 'duty' ? 'alertmanager' : 'slack' } as const
  })
  return { routes, inhibit: [], receivers, silences: [], ...more }
}

const silence = (match: Silence['match'], startsAtMs: number, endsAtMs: number): Silence => {
  return { id: 's', match, startsAtMs, endsAtMs, createdBy: 'me', comment: '' }
}

/** `ops +a +b -c`: told ops that a and b fire, and c no longer does. */
function said(notifications: readonly Notification[]): string[] {
  return notifications.map(({ receiver, firing, resolved }) => {
    const names = [
      ...firing.map(({ labels }) => `+${labels['name']}`),
      ...resolved.map(({ labels }) => `-${labels['name']}`),
    ]
    return [receiver, ...names].join(' ')
  })
}

test('an alert is told at once, what follows after the interval, and its end', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf()]))
  dispatcher.take([alertOf('a')], 0)
  assert.equal(dispatcher.nextAtMs(), 0)
  assert.deepEqual(said(dispatcher.due(0)), ['ops +a'])
  dispatcher.take([alertOf('b')], 10)
  dispatcher.take([overOf('a')], 20)
  assert.deepEqual(dispatcher.due(5 * minuteMs - 1), [])
  assert.equal(dispatcher.nextAtMs(), 5 * minuteMs)
  assert.deepEqual(said(dispatcher.due(5 * minuteMs)), ['ops +b -a'])
  dispatcher.take([overOf('b')], 30 * minuteMs)
  const [last] = dispatcher.due(30 * minuteMs)
  assert.deepEqual([said(last ? [last] : []), last?.status], [['ops -b'], 'resolved'])
  assert.deepEqual(dispatcher.state(), { version: 1, firing: [], groups: [] })
  assert.equal(dispatcher.nextAtMs(), null)
})

test('a new group waits for more, but not for what is old already', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf({ groupWaitMs: 1000 })]))
  dispatcher.take([alertOf('a')], 0)
  dispatcher.take([alertOf('b', { atMs: 500 })], 500)
  assert.deepEqual(dispatcher.due(999), [])
  assert.deepEqual(said(dispatcher.due(1000)), ['ops +b +a'])
  const late = new Dispatcher(optionsOf([routeOf({ groupWaitMs: 1000 })]))
  late.take([alertOf('a')], 5000)
  assert.deepEqual(said(late.due(5000)), ['ops +a'])
})

test('an Alertmanager, which forgets what fires when it restarts, is told again after a quarter of an hour at most', () => {
  for (const [repeatIntervalMs, expectedMs] of [
    [60 * minuteMs, 15 * minuteMs],
    [10 * minuteMs, 10 * minuteMs],
  ] as const) {
    const dispatcher = new Dispatcher(optionsOf([routeOf({ receivers: ['duty'], repeatIntervalMs })]))
    dispatcher.take([alertOf('a')], 0)
    assert.deepEqual(said(dispatcher.due(0)), ['duty +a'])
    assert.equal(dispatcher.nextAtMs(), expectedMs)
    assert.deepEqual(
      dispatcher.due(expectedMs).map(({ repeated, receiver }) => [receiver, repeated]),
      [['duty', true]],
    )
  }
})

test('what still fires is repeated, each time under another id', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf()]))
  dispatcher.take([alertOf('a')], 0)
  const told = [0, 59, 60, 119, 120].flatMap((minute) => dispatcher.due(minute * minuteMs))
  assert.deepEqual(
    told.map(({ repeated }) => repeated),
    [false, true, true],
  )
  assert.equal(new Set(told.map(({ id }) => id)).size, 3)
})

test('the first route that matches takes an alert, and further ones where it says so', () => {
  const critical = routeOf({ match: { severity: ['critical'] }, receivers: ['duty', 'ops'], continue: true })
  const dispatcher = new Dispatcher(
    optionsOf([critical, routeOf({ match: { name: ['b'] } }), routeOf({ receivers: ['quiet'] })]),
  )
  dispatcher.take([alertOf('a', { severity: 'critical' }), alertOf('b'), alertOf('c')], 0)
  assert.deepEqual(said(dispatcher.due(0)).sort(), ['duty +a', 'ops +a', 'ops +b', 'quiet +a +c'])
})

test('alerts that agree in the labels of a route are one message', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf({ groupBy: ['department'] })]))
  const of = (name: string, department: string) => alertOf(name, { labels: { department } })
  dispatcher.take([of('a', 'x'), of('b', 'y'), of('c', 'x'), alertOf('d')], 0)
  const told = dispatcher.due(0)
  assert.deepEqual(
    told.map(({ groupLabels, firingCount }) => [groupLabels, firingCount]),
    [
      [{ department: 'x' }, 2],
      [{ department: 'y' }, 1],
      [{}, 1],
    ],
  )
  assert.deepEqual(told[0]?.commonLabels, { department: 'x', type: 'hourly_cost', severity: 'warning' })
})

test('a storm is one message that lists twenty and counts all; Alertmanager gets each', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf({ receivers: ['ops', 'duty'] })]))
  const storm = Array.from({ length: 1000 }, (_, n) => alertOf(`a${n}`))
  dispatcher.take([...storm, alertOf('worst', { severity: 'critical', atMs: -1 })], 0)
  const [ops, duty, ...others] = dispatcher.due(0)
  assert.deepEqual([ops?.firing.length, ops?.firingCount, ops?.firing[0]?.labels['name']], [20, 1001, 'worst'])
  assert.deepEqual([duty?.firing.length, duty?.firingCount], [1001, 1001])
  assert.deepEqual(others, [])
})

test('the end of an alert is listed however many still fire, and PagerDuty gets each that it was given', () => {
  const [slack, pagerduty] = (['slack', 'pagerduty'] as const).map((kind) => {
    const receivers = [{ name: 'ops', sendResolved: true, kind }]
    const dispatcher = new Dispatcher(optionsOf([routeOf()], { receivers }))
    const storm = Array.from({ length: 60 }, (_, n) => alertOf(`a${n}`, { atMs: -n }))
    dispatcher.take(storm.slice(0, 15), 0)
    dispatcher.due(0)
    dispatcher.take(storm.slice(15), 1)
    dispatcher.due(5 * minuteMs)
    dispatcher.take(
      Array.from({ length: 30 }, (_, n) => overOf(`a${n}`)),
      6 * minuteMs,
    )
    const [last] = dispatcher.due(10 * minuteMs)
    return [last?.firing.length, last?.resolved.length, last?.firingCount, last?.resolvedCount]
  })
  assert.deepEqual(slack, [5, 15, 30, 30])
  assert.deepEqual(pagerduty, [20, 30, 30, 30])
})

test('a receiver that does not want to know what is over is not told, and told when it fires again', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf({ receivers: ['quiet'] })]))
  dispatcher.take([alertOf('a')], 0)
  dispatcher.due(0)
  dispatcher.take([overOf('a')], 1)
  assert.deepEqual(dispatcher.due(5 * minuteMs), [])
  dispatcher.take([alertOf('a', { episode: 2 })], 6 * minuteMs)
  assert.deepEqual(said(dispatcher.due(6 * minuteMs)), ['quiet +a'])
})

test('an alert that is over before it could be told is told to fire, and then that it is over', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf({ receivers: ['ops', 'quiet'] })]))
  dispatcher.take([alertOf('a'), overOf('a')], 0)
  assert.deepEqual(said(dispatcher.due(0)), ['ops +a', 'quiet +a'])
  assert.deepEqual(said(dispatcher.due(5 * minuteMs)), ['ops -a'])
  assert.deepEqual(dispatcher.state().groups, [])
})

test('what fires again before its end was told is told to fire again; the same alert again is not', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf()]))
  dispatcher.take([alertOf('a')], 0)
  dispatcher.due(0)
  dispatcher.take([alertOf('a', { episode: 2 })], 1)
  assert.deepEqual(dispatcher.due(5 * minuteMs), [])
  dispatcher.take([overOf('a', { episode: 2 }), alertOf('a', { episode: 3 })], 6 * minuteMs)
  assert.deepEqual(said(dispatcher.due(6 * minuteMs)), ['ops +a'])
})

test('what is silenced is not told, until the silence is over; what ends meanwhile is forgotten', () => {
  const silences = [silence({ name: ['a', 'b'] }, 0, 20 * minuteMs)]
  const dispatcher = new Dispatcher(optionsOf([routeOf()], { silences }))
  dispatcher.take([alertOf('a'), alertOf('b'), alertOf('c')], 0)
  assert.deepEqual(said(dispatcher.due(0)), ['ops +c'])
  assert.deepEqual(
    dispatcher.firing(0).map(({ muted }) => muted),
    ['silenced', 'silenced', null],
  )
  dispatcher.take([overOf('b')], minuteMs)
  assert.deepEqual(
    [5, 10, 15].flatMap((minute) => dispatcher.due(minute * minuteMs)),
    [],
  )
  assert.deepEqual(said(dispatcher.due(20 * minuteMs)), ['ops +a +c'])
})

test('taking a silence back tells at once what it kept', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf()], { silences: [silence({}, 0, 1e9)] }))
  dispatcher.take([alertOf('a')], 0)
  assert.deepEqual(dispatcher.due(0), [])
  dispatcher.silencesAre([], 1000)
  assert.deepEqual(said(dispatcher.due(1000)), ['ops +a'])
})

test('while a source fires its targets that agree are not told', () => {
  const inhibit = [{ source: { severity: ['critical'] }, target: { severity: ['warning'] }, equal: ['department'] }]
  const dispatcher = new Dispatcher(optionsOf([routeOf()], { inhibit }))
  const of = (name: string, department: string, severity: 'critical' | 'warning') =>
    alertOf(name, { severity, labels: { department } })
  dispatcher.take([of('a', 'x', 'warning'), of('b', 'y', 'warning'), of('c', 'x', 'critical')], 0)
  assert.deepEqual(said(dispatcher.due(0)), ['ops +c +b'])
  dispatcher.take([overOf('c')], 1)
  assert.deepEqual(said(dispatcher.due(5 * minuteMs)), ['ops +a +b -c'])
})

test('an alert that matches both sides of a rule is inhibited by those only that do not', () => {
  const inhibit = [{ source: { name: ['a', 'b', 'c'] }, target: { name: ['a', 'b'] }, equal: [] }]
  const dispatcher = new Dispatcher(optionsOf([routeOf()], { inhibit }))
  dispatcher.take([alertOf('a'), alertOf('b')], 0)
  assert.deepEqual(said(dispatcher.due(0)), ['ops +a +b'])
  dispatcher.take([alertOf('c'), overOf('a')], 1)
  assert.deepEqual(said(dispatcher.due(5 * minuteMs)), ['ops +c'])
})

test('no receiver is told that it cannot be reached', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf({ receivers: ['ops', 'duty'] })]))
  dispatcher.take([alertOf('a', { type: 'delivery_failure', labels: { receiver: 'ops' } })], 0)
  assert.deepEqual(said(dispatcher.due(0)), ['duty +a'])
})

test('after a restart with other routes groups that are left go on, and what fires is told where it is new', () => {
  const before = new Dispatcher(optionsOf([routeOf({ match: { name: ['a'] } }), routeOf({ receivers: ['quiet'] })]))
  before.take([alertOf('a'), alertOf('b')], 0)
  assert.deepEqual(said(before.due(0)), ['ops +a', 'quiet +b'])
  const state = JSON.parse(JSON.stringify(before.state()))
  const routes = [routeOf({ match: { name: ['a'] }, groupIntervalMs: minuteMs }), routeOf({ receivers: ['duty'] })]
  const after = new Dispatcher(optionsOf(routes), { state, nowMs: 10 })
  assert.deepEqual(said(after.due(10)), ['duty +b'])
  after.take([overOf('a')], 20)
  assert.deepEqual(said(after.due(minuteMs)), ['ops -a'])
})

const dayMs = 24 * 60 * minuteMs

test('after a clock was set back a day, changes are told after their interval and not a day later', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf()]))
  dispatcher.take([alertOf('a')], dayMs)
  assert.deepEqual(said(dispatcher.due(dayMs)), ['ops +a'])
  dispatcher.take([alertOf('b', { atMs: 0 })], 0)
  dispatcher.due(0)
  assert.equal(dispatcher.nextAtMs(), 5 * minuteMs)
  assert.deepEqual(said(dispatcher.due(5 * minuteMs)), ['ops +b +a'])
})

test('the same holds for a new group that waits for more, over a restart, and for repetitions', () => {
  const routes = [routeOf({ groupWaitMs: 1000 })]
  const before = new Dispatcher(optionsOf(routes))
  before.take([alertOf('a', { atMs: dayMs })], dayMs)
  const after = new Dispatcher(optionsOf(routes), { state: before.state(), nowMs: 0 })
  after.due(0)
  assert.deepEqual(said(after.due(1000)), ['ops +a'])
  const later = new Dispatcher(optionsOf(routes), { state: after.state(), nowMs: -dayMs })
  later.due(-dayMs)
  assert.deepEqual(said(later.due(60 * minuteMs - dayMs)), ['ops +a'])
})

test('an alert that another route takes after a reload leaves the group that it was in, but for an end that is owed', () => {
  const before = new Dispatcher(optionsOf([routeOf()]))
  before.take([alertOf('a'), alertOf('b'), alertOf('c')], 0)
  assert.deepEqual(said(before.due(0)), ['ops +a +b +c'])
  before.take([overOf('b')], 10)
  const routes = [routeOf({ match: { name: ['a', 'b'] }, receivers: ['quiet'] }), routeOf()]
  const after = new Dispatcher(optionsOf(routes), { state: before.state(), nowMs: 20 })
  after.take([alertOf('b', { episode: 2 })], 20)
  assert.deepEqual(said(after.due(20)), ['quiet +a +b'])
  after.take([overOf('a'), overOf('c')], 30)
  assert.deepEqual(said(after.due(5 * minuteMs)), ['ops -b -c'])
})

test('of more alerts than can be kept the oldest are forgotten', () => {
  const dispatcher = new Dispatcher(optionsOf([routeOf({ groupBy: ['name'], groupWaitMs: minuteMs })]))
  dispatcher.take(
    Array.from({ length: 20_002 }, (_, n) => alertOf(`a${n}`)),
    0,
  )
  const { firing, groups } = dispatcher.state()
  assert.deepEqual([firing.length, groups.length, firing[0]?.fingerprint], [20_000, 20_000, 'a2'])
})
