import type { AlertEvent } from './alert.ts'
import { boundWait, flush, schedule } from './flush.ts'
import { type Group, type GroupState, newGroup, type Place, placesOf, restoreGroup, stateOfGroup } from './grouping.ts'
import { inhibition } from './inhibition.ts'
import type { Labels } from './matchers.ts'
import type { Notification } from './notification.ts'
import type { Receiver } from './receiver.ts'
import type { InhibitRule, Route, Silence } from './routing.ts'
import { isSilenced } from './silences.ts'

export interface DispatcherOptions {
  readonly routes: readonly Route[]
  readonly inhibit: readonly InhibitRule[]
  readonly receivers: readonly Pick<Receiver, 'name' | 'sendResolved' | 'kind'>[]
  readonly silences: readonly Silence[]
}

/** JSON as it stands. */
export interface DispatcherState {
  readonly version: 1
  readonly firing: readonly AlertEvent[]
  readonly groups: readonly GroupState[]
}

/** Watch bounds what fires far below; where more do all the same, the oldest are forgotten untold. */
const mostFiring = 20_000

/**
 * Decides who is told what and when, with Alertmanager's routes, groups, silences and inhibition. It differs in three
 * things: a group that was quiet for longer than its interval tells of a change at once instead of at the interval's next
 * beat; an alert that is over before it could be told is told all the same, first that it fires and then that it is over;
 * and one that was told, silenced and uncovered again is not told anew before its repetition is due.
 *
 * As there, a silenced or inhibited alert that ends is forgotten untold. One that ends and fires again before its end was
 * told is told to fire again.
 *
 * Built on a state it goes on exactly where that was taken; where routes or receivers have changed meanwhile, groups that
 * no longer have a place are forgotten and what fires is told to receivers that are new to it.
 */
export class Dispatcher {
  readonly #routes: readonly Route[]
  readonly #inhibit: readonly InhibitRule[]
  readonly #receivers: ReadonlyMap<string, DispatcherOptions['receivers'][number]>
  #silences: readonly Silence[]
  /** By fingerprint, oldest first. */
  readonly #firing: Map<string, AlertEvent>
  readonly #groups = new Map<string, Group>()
  /** Which groups have an alert, by its fingerprint. */
  readonly #placed = new Map<string, Set<string>>()

  /** @param restored the state of one before, and the time now. */
  constructor(options: DispatcherOptions, restored?: { readonly state: DispatcherState; readonly nowMs: number }) {
    this.#routes = options.routes
    this.#inhibit = options.inhibit
    this.#silences = options.silences
    this.#receivers = new Map(options.receivers.map((receiver) => [receiver.name, receiver]))
    this.#firing = new Map(restored?.state.firing.map((event) => [event.fingerprint, event]))
    if (restored !== undefined) this.#restore(restored.state, restored.nowMs)
  }

  /** Takes events in the order in which they came about. */
  take(events: readonly AlertEvent[], nowMs: number): void {
    for (const event of events) {
      if (event.status === 'firing') this.#fires(event, nowMs)
      else this.#isOver(event, nowMs)
    }
  }

  /** What is to be told now. It counts as told with that: whoever asks delivers it. */
  due(nowMs: number): readonly Notification[] {
    for (const group of this.#groups.values()) {
      const receiver = this.#receivers.get(group.receiver)
      if (receiver !== undefined && group.dueAtMs !== null && group.dueAtMs > nowMs)
        boundWait(group, { receiver, nowMs })
    }
    const due = [...this.#groups.values()].filter(({ dueAtMs }) => dueAtMs !== null && dueAtMs <= nowMs)
    if (due.length === 0) return []
    const inhibited = this.#inhibition()
    const mutes = (labels: Labels) => isSilenced(this.#silences, labels, nowMs) || inhibited(labels)
    return due
      .sort((a, b) => Number(a.dueAtMs) - Number(b.dueAtMs))
      .flatMap((group) => {
        const receiver = this.#receivers.get(group.receiver)
        if (receiver === undefined) return []
        const before = [...group.members.keys()]
        const notification = flush(group, { receiver, nowMs, mutes })
        for (const fingerprint of before) if (!group.members.has(fingerprint)) this.#unplace(fingerprint, group.key)
        return notification ?? []
      })
  }

  /** When `due` should be asked next; null where nothing waits. */
  nextAtMs(): number | null {
    let next: number | null = null
    for (const { dueAtMs } of this.#groups.values()) {
      if (dueAtMs !== null && (next === null || dueAtMs < next)) next = dueAtMs
    }
    return next
  }

  /** All silences, when one was made, changed or taken back. Groups with something to tell are looked at again at once. */
  silencesAre(silences: readonly Silence[], nowMs: number): void {
    this.#silences = silences
    for (const group of this.#groups.values()) {
      if ([...group.members.values()].some(({ told, over }) => !told || over !== null)) schedule(group, nowMs)
    }
  }

  /** What fires, oldest first, and whether nobody is told of it, by a silence or by another alert. */
  firing(nowMs: number): readonly { readonly event: AlertEvent; readonly muted: 'silenced' | 'inhibited' | null }[] {
    const inhibited = this.#inhibition()
    return [...this.#firing.values()].map((event) => {
      const silenced = isSilenced(this.#silences, event.labels, nowMs)
      return { event, muted: silenced ? 'silenced' : inhibited(event.labels) ? 'inhibited' : null }
    })
  }

  state(): DispatcherState {
    return { version: 1, firing: [...this.#firing.values()], groups: [...this.#groups.values()].map(stateOfGroup) }
  }

  #fires(event: AlertEvent, nowMs: number): void {
    const { fingerprint } = event
    this.#firing.set(fingerprint, event)
    const places = placesOf(this.#routes, event).filter(({ receiver }) => this.#receivers.has(receiver))
    this.#leave(
      fingerprint,
      places.map(({ key }) => key),
    )
    for (const place of places) {
      const member = this.#groups.get(place.key)?.members.get(fingerprint)
      const goesOn = member?.over === null
      const group = this.#enter(place, fingerprint, goesOn ? Infinity : readyAtMs(place, event, nowMs))
      const named = member?.named ?? false
      group.members.set(fingerprint, { event, told: goesOn && member.told, named, over: null })
      if (!goesOn) schedule(group, nowMs)
    }
    const [oldest] = this.#firing.keys()
    if (this.#firing.size <= mostFiring || oldest === undefined) return
    this.#firing.delete(oldest)
    this.#leave(oldest, [])
  }

  #isOver(event: AlertEvent, nowMs: number): void {
    const { fingerprint } = event
    this.#firing.delete(fingerprint)
    for (const key of this.#placed.get(fingerprint) ?? []) {
      const group = this.#groups.get(key)
      const member = group?.members.get(fingerprint)
      if (group === undefined || member === undefined || member.over !== null) continue
      group.members.set(fingerprint, { ...member, over: event })
      if (member.told) schedule(group, nowMs)
    }
  }

  #enter(place: Place, fingerprint: string, readyAtMs: number): Group {
    const group = this.#groups.get(place.key) ?? newGroup(place, readyAtMs)
    this.#groups.set(group.key, group)
    group.readyAtMs = Math.min(group.readyAtMs, readyAtMs)
    const placed = this.#placed.get(fingerprint) ?? new Set()
    this.#placed.set(fingerprint, placed.add(group.key))
    return group
  }

  /** Takes an alert that fires out of all groups but those that it belongs to. */
  #leave(fingerprint: string, keys: readonly string[]): void {
    for (const key of [...(this.#placed.get(fingerprint) ?? [])]) {
      const members = this.#groups.get(key)?.members
      if (keys.includes(key) || members?.get(fingerprint)?.over !== null) continue
      members.delete(fingerprint)
      this.#unplace(fingerprint, key)
    }
  }

  /** An alert is no longer in a group; a group without alerts is forgotten. */
  #unplace(fingerprint: string, key: string): void {
    const placed = this.#placed.get(fingerprint)
    placed?.delete(key)
    if (placed?.size === 0) this.#placed.delete(fingerprint)
    if (this.#groups.get(key)?.members.size === 0) this.#groups.delete(key)
  }

  #inhibition(): (labels: Labels) => boolean {
    return inhibition(
      this.#inhibit,
      [...this.#firing.values()].map(({ labels }) => labels),
    )
  }

  #restore(state: DispatcherState, nowMs: number): void {
    for (const saved of state.groups) {
      const group = this.#receivers.has(saved.receiver) ? restoreGroup(this.#routes, saved) : null
      if (group === null) continue
      this.#groups.set(group.key, group)
      for (const fingerprint of group.members.keys()) this.#enter(group, fingerprint, Infinity)
    }
    for (const event of state.firing) this.#fires(event, nowMs)
  }
}

/** When a group that is new with an alert is told: what is old already does not wait. */
function readyAtMs({ route }: Place, event: AlertEvent, nowMs: number): number {
  return event.atMs + route.groupWaitMs <= nowMs ? nowMs : nowMs + route.groupWaitMs
}
