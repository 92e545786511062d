import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NaiveDispatch, naiveInhibited, naiveMatch, naivePlaces, type Told } from '#test/alerting/naive-dispatch.ts'
import { alertOf, overOf } from '#test/alerting/sample-alerts.ts'
import type { AlertEvent } from './alert.ts'
import { Dispatcher, type DispatcherOptions } from './dispatch.ts'
import { placesOf } from './grouping.ts'
import { inhibition } from './inhibition.ts'
import { matches } from './matchers.ts'
import type { Notification } from './notification.ts'
import type { InhibitRule, Route, Silence } from './routing.ts'

const stepMs = 10_000
const names = ['a', 'b', 'c', 'd', 'e', 'f']
/** Of each name always the same, as an alert's are. */
const labelsOf = (name: string) => ({
  team: name < 'd' ? 'x' : 'y',
  ...(name > 'b' && { site: name < 'e' ? '1' : '2' }),
})

const matchers = fc
  .record(
    {
      name: fc.subarray([...names, '*'], { minLength: 1 }),
      team: fc.subarray(['x', 'y'], { minLength: 1 }),
      site: fc.subarray(['1', '2', '*', ''], { minLength: 1 }),
      severity: fc.constantFrom(['critical'], ['warning']),
    },
    { requiredKeys: [] },
  )
  .map((match): Route['match'] => match)
const labelNames = fc.subarray(['team', 'site', 'name', 'nothing'])
const inhibitRules = fc.array(fc.record({ source: matchers, target: matchers, equal: labelNames }), { maxLength: 2 })
const steps = fc.integer({ min: 0, max: 5 }).map((n) => n * stepMs)

function routesWith(groupIntervalMs: fc.Arbitrary<number>): fc.Arbitrary<Route[]> {
  const route = fc.record({
    match: matchers,
    receivers: fc.subarray(['ops', 'duty', 'quiet'], { minLength: 1 }),
    groupBy: labelNames,
    groupWaitMs: steps,
    groupIntervalMs,
    repeatIntervalMs: fc.integer({ min: 6, max: 12 }).map((n) => n * stepMs),
    continue: fc.boolean(),
  })
  const identity = ({ match, groupBy }: Route) => JSON.stringify([match, groupBy])
  return fc.uniqueArray(route, { minLength: 1, maxLength: 4, selector: identity })
}

type Step =
  | { readonly kind: 'fire' | 'end'; readonly name: string; readonly oldMs: number }
  | { readonly kind: 'wait'; readonly steps: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'silence'; readonly match: Silence['match']; readonly steps: number }
  | { readonly kind: 'unsilence' }

const storySteps = (muting: boolean): fc.Arbitrary<Step[]> => {
  const name = fc.constantFrom(...names)
  const muters: fc.Arbitrary<Step>[] = [
    fc.record({ kind: fc.constant('silence'), match: matchers, steps: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('unsilence') }),
  ]
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('fire'), name, oldMs: steps }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('end'), name, oldMs: steps }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait'), steps: fc.integer({ min: 1, max: 8 }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart') }) },
      ...(muting ? muters.map((arbitrary) => ({ weight: 1, arbitrary })) : []),
    ),
    { maxLength: 60, size: 'max' },
  )
}

function optionsOf(routes: readonly Route[], inhibit: readonly InhibitRule[]): DispatcherOptions {
  const receivers = ['ops', 'duty', 'quiet'].map(
    (name) => ({ name, sendResolved: name !== 'quiet', kind: 'log' }) as const,
  )
  return { routes, inhibit, receivers, silences: [] }
}

function toldOf({ receiver, groupLabels, firing, resolved, repeated }: Notification): Told {
  const ids = (events: readonly AlertEvent[]) => events.map(({ id }) => id).sort()
  return { receiver, group: groupLabels, firing: ids(firing), resolved: ids(resolved), repeated }
}

const inOrder = (told: readonly Told[]) => told.map((one) => JSON.stringify(sorted(one))).sort()
const sorted = ({ group, ...rest }: Told) => ({ group: Object.entries(group).sort(), ...rest })

/** Plays a story to a dispatcher, restarted where it says so, to one that never is, and to the naive one. */
class Play {
  readonly #options: DispatcherOptions
  readonly #naive: NaiveDispatch
  readonly #steady: Dispatcher
  #dispatcher: Dispatcher
  #nowMs = 1_000 * stepMs
  #episodes = 0
  readonly #fires = new Map<string, number>()
  readonly #ids = new Set<string>()

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#naive = new NaiveDispatch(options)
    this.#steady = new Dispatcher(options)
    this.#dispatcher = new Dispatcher(options)
  }

  run(story: readonly Step[]): void {
    for (const step of story) this.#play(step)
    this.#play({ kind: 'wait', steps: 30 })
    for (const name of names) this.#play({ kind: 'end', name, oldMs: 0 })
    this.#play({ kind: 'unsilence' })
    this.#play({ kind: 'wait', steps: 30 })
    assert.deepEqual(this.#dispatcher.state(), { version: 1, firing: [], groups: [] }, 'all is forgotten in the end')
  }

  #play(step: Step): void {
    if (step.kind === 'fire') this.#fire(step.name, this.#nowMs - step.oldMs)
    else if (step.kind === 'end') this.#end(step.name)
    else if (step.kind === 'restart') this.#restart()
    else if (step.kind === 'wait') for (let n = 0; n < step.steps; n++) this.#look()
    else if (step.kind === 'silence') {
      const endsAtMs = this.#nowMs + step.steps * stepMs
      const more = { id: 's', createdBy: 'me', comment: '', startsAtMs: this.#nowMs, endsAtMs, match: step.match }
      this.#silence([...this.#naive.silences, more])
    } else this.#silence([])
  }

  #fire(name: string, atMs: number): void {
    this.#episodes += 1
    this.#fires.set(name, this.#episodes)
    const severity = name < 'c' ? 'critical' : 'warning'
    this.#take(alertOf(name, { atMs, severity, episode: this.#episodes, labels: labelsOf(name) }))
  }

  #end(name: string): void {
    const episode = this.#fires.get(name)
    this.#fires.delete(name)
    const severity = name < 'c' ? 'critical' : 'warning'
    if (episode !== undefined)
      this.#take(overOf(name, { atMs: this.#nowMs, severity, episode, labels: labelsOf(name) }))
  }

  #take(event: AlertEvent): void {
    this.#dispatcher.take([event], this.#nowMs)
    this.#steady.take([event], this.#nowMs)
    this.#naive.take(event, this.#nowMs)
  }

  #silence(silences: readonly Silence[]): void {
    this.#naive.silences = silences
    this.#dispatcher.silencesAre(silences, this.#nowMs)
    this.#steady.silencesAre(silences, this.#nowMs)
  }

  #restart(): void {
    const state = JSON.parse(JSON.stringify(this.#dispatcher.state()))
    const options = { ...this.#options, silences: this.#naive.silences }
    this.#dispatcher = new Dispatcher(options, { state, nowMs: this.#nowMs })
    assert.deepEqual(this.#dispatcher.state(), state)
  }

  #look(): void {
    const next = this.#dispatcher.nextAtMs()
    const told = this.#dispatcher.due(this.#nowMs)
    if (next === null || next > this.#nowMs) assert.deepEqual(told, [], 'nothing is due before it was said to be')
    assert.deepEqual(told, this.#steady.due(this.#nowMs), 'a restart changes nothing')
    assert.deepEqual(inOrder(told.map(toldOf)), inOrder(this.#naive.step(this.#nowMs)))
    for (const { id } of told) {
      assert.ok(!this.#ids.has(id), 'two messages with one id')
      this.#ids.add(id)
    }
    this.#nowMs += stepMs
  }
}

test('routes, groups, waits and repetitions are those of a naive model, whatever restarts', () => {
  const routes = routesWith(fc.integer({ min: 1, max: 5 }).map((n) => n * stepMs))
  fc.assert(
    fc.property(routes, storySteps(false), (someRoutes, story) => new Play(optionsOf(someRoutes, [])).run(story)),
    { numRuns: 300 },
  )
})

test('silences and inhibition are those of a naive model, whatever restarts', () => {
  const routes = routesWith(fc.constant(stepMs))
  fc.assert(
    fc.property(routes, inhibitRules, storySteps(true), (someRoutes, inhibit, story) => {
      new Play(optionsOf(someRoutes, inhibit)).run(story)
    }),
    { numRuns: 300 },
  )
})

const someLabels = fc.constantFrom(...names).map((name) => alertOf(name, { labels: labelsOf(name) }).labels)

test('matchers and routes are those of a naive model', () => {
  fc.assert(
    fc.property(matchers, routesWith(steps), fc.constantFrom(...names), (match, routes, name) => {
      const event = alertOf(name, { labels: labelsOf(name) })
      assert.equal(matches(match, event.labels), naiveMatch(match, event.labels))
      const places = placesOf(routes, event).map(({ route, receiver }) => ({ route, receiver }))
      assert.deepEqual(places, naivePlaces(routes, event.labels))
    }),
  )
})

test('inhibition is that of a naive model', () => {
  fc.assert(
    fc.property(inhibitRules, fc.uniqueArray(fc.constantFrom(...names)), someLabels, (rules, fires, target) => {
      const firing = fires.map((name) => alertOf(name, { labels: labelsOf(name) }))
      const inhibited = inhibition(
        rules,
        firing.map(({ labels }) => labels),
      )
      assert.equal(inhibited(target), naiveInhibited(rules, firing, target))
    }),
    { numRuns: 1000 },
  )
})
