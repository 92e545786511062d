import type { AlertEvent } from '#core/alerting/alert.ts'
import type { DispatcherOptions } from '#core/alerting/dispatch.ts'
import type { InhibitRule, Matchers, Route, Silence } from '#core/alerting/routing.ts'

type Labels = Readonly<Record<string, string>>

export interface Told {
  readonly receiver: string
  readonly group: Labels
  readonly firing: readonly string[]
  readonly resolved: readonly string[]
  readonly repeated: boolean
}

interface Known {
  firing: AlertEvent
  over: AlertEvent | null
  told: boolean
}

interface Pile {
  readonly route: Route
  readonly receiver: string
  readonly group: Labels
  readonly alerts: Map<string, Known>
  readyAtMs: number
  toldAtMs: number | null
}

/**
 * What the dispatcher should do, without a schedule: it looks at everything at each step of time. Equal to it where
 * steps are as long as the shortest time after which a group with something muted is looked at again.
 */
export class NaiveDispatch {
  silences: readonly Silence[]
  readonly firing = new Map<string, AlertEvent>()
  readonly #options: DispatcherOptions
  #piles: Pile[] = []

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.silences = options.silences
  }

  take(event: AlertEvent, nowMs: number): void {
    const name = event.fingerprint
    if (event.status === 'resolved') {
      this.firing.delete(name)
      for (const { alerts } of this.#piles) {
        const known = alerts.get(name)
        if (known && known.over === null) known.over = event
      }
      return
    }
    this.firing.set(name, event)
    for (const { route, receiver } of naivePlaces(this.#options.routes, event.labels)) {
      const pile = this.#pile(route, receiver, event)
      const known = pile.alerts.get(name)
      if (known && known.over === null) {
        known.firing = event
        continue
      }
      const waited = event.atMs + route.groupWaitMs <= nowMs
      pile.readyAtMs = Math.min(pile.readyAtMs, waited ? nowMs : nowMs + route.groupWaitMs)
      pile.alerts.set(name, { firing: event, over: null, told: false })
    }
  }

  step(nowMs: number): Told[] {
    const told = this.#piles.flatMap((pile) => this.#look(pile, nowMs) ?? [])
    this.#piles = this.#piles.filter(({ alerts }) => alerts.size > 0)
    return told
  }

  muted(labels: Labels, nowMs: number): boolean {
    const silenced = this.silences.some(
      (s) => s.startsAtMs <= nowMs && nowMs < s.endsAtMs && naiveMatch(s.match, labels),
    )
    return silenced || naiveInhibited(this.#options.inhibit, [...this.firing.values()], labels)
  }

  #look(pile: Pile, nowMs: number): Told | null {
    const { route, receiver, group, alerts, toldAtMs } = pile
    if (nowMs < (toldAtMs === null ? pile.readyAtMs : toldAtMs + route.groupIntervalMs)) return null
    const seen: Known[] = []
    for (const [name, known] of [...alerts]) {
      if (!this.muted(known.firing.labels, nowMs)) seen.push(known)
      else if (known.over !== null) alerts.delete(name)
    }
    const wantsEnds = this.#options.receivers.some(({ name, sendResolved }) => name === receiver && sendResolved)
    const fresh = seen.filter(({ told }) => !told)
    const ended = seen.filter(({ told, over }) => told && over !== null)
    const lasting = seen.filter(({ told, over }) => told && over === null)
    for (const { firing } of ended) alerts.delete(firing.fingerprint)
    for (const known of fresh) {
      known.told = true
      if (known.over !== null && !wantsEnds) alerts.delete(known.firing.fingerprint)
    }
    const news = fresh.length > 0 || (wantsEnds && ended.length > 0)
    const repeats = lasting.length > 0 && toldAtMs !== null && nowMs >= toldAtMs + route.repeatIntervalMs
    if (!news && !repeats) return null
    pile.toldAtMs = nowMs
    const firing = [...fresh, ...lasting].map((known) => known.firing.id).sort()
    const resolved = wantsEnds ? ended.map(({ over }) => over?.id ?? '').sort() : []
    return { receiver, group, firing, resolved, repeated: !news }
  }

  #pile(route: Route, receiver: string, { labels }: AlertEvent): Pile {
    const group = Object.fromEntries(route.groupBy.flatMap((name) => (labels[name] ? [[name, labels[name]]] : [])))
    const same = (pile: Pile) =>
      pile.route === route &&
      pile.receiver === receiver &&
      route.groupBy.every((name) => (pile.group[name] ?? '') === (labels[name] ?? ''))
    const found = this.#piles.find(same)
    if (found) return found
    const pile = { route, receiver, group, alerts: new Map(), readyAtMs: Infinity, toldAtMs: null }
    this.#piles.push(pile)
    return pile
  }
}

export function naiveMatch(matchers: Matchers, labels: Labels): boolean {
  for (const [name, values] of Object.entries(matchers)) {
    const has = labels[name] ?? ''
    if (!values.includes(has) && !(values.includes('*') && has !== '')) return false
  }
  return true
}

/** Spelled as Alertmanager's documentation has it, alert by alert. */
export function naiveInhibited(rules: readonly InhibitRule[], firing: readonly AlertEvent[], target: Labels): boolean {
  for (const { source, target: targetMatchers, equal } of rules) {
    if (!naiveMatch(targetMatchers, target)) continue
    for (const { labels } of firing) {
      const bothSides = (one: Labels) => naiveMatch(source, one) && naiveMatch(targetMatchers, one)
      if (!naiveMatch(source, labels) || (bothSides(labels) && bothSides(target))) continue
      if (equal.every((name) => (labels[name] ?? '') === (target[name] ?? ''))) return true
    }
  }
  return false
}

export function naivePlaces(routes: readonly Route[], labels: Labels): { route: Route; receiver: string }[] {
  const places: { route: Route; receiver: string }[] = []
  for (const route of routes) {
    if (!naiveMatch(route.match, labels)) continue
    for (const receiver of route.receivers) places.push({ route, receiver })
    if (!route.continue) return places
  }
  return places
}
