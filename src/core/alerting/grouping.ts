import type { AlertEvent } from './alert.ts'
import { type Labels, labelOf, matches } from './matchers.ts'
import type { Route } from './routing.ts'

/** Where an alert is told: one receiver of one route, and the labels that all alerts of the message share. */
export interface Place {
  readonly key: string
  readonly route: Route
  readonly receiver: string
  readonly labels: Labels
}

export interface Member {
  readonly event: AlertEvent
  /** Whether the receiver knows that it fires. */
  readonly told: boolean
  /** Whether a message has listed it: where receivers keep incidents, there is one to close. */
  readonly named: boolean
  /** That it is over, which the receiver does not know. */
  readonly over: AlertEvent | null
}

/** What is told of one group: a route, one of its receivers, and the group's labels. */
export interface Group extends Place {
  /** By fingerprint. */
  readonly members: Map<string, Member>
  /** Until then a group that was never told waits for more. */
  readyAtMs: number
  toldAtMs: number | null
  /** When it is looked at next; null where nothing waits. */
  dueAtMs: number | null
  /** The notification that told of the last change, and how often it was repeated since. */
  lastId: string
  repeats: number
}

/** JSON as it stands. */
export interface GroupState {
  readonly route: string
  readonly receiver: string
  readonly labels: Labels
  readonly members: readonly Member[]
  readonly readyAtMs: number
  readonly toldAtMs: number | null
  readonly dueAtMs: number | null
  readonly lastId: string
  readonly repeats: number
}

export function newGroup(place: Place, readyAtMs: number): Group {
  return { ...place, members: new Map(), readyAtMs, toldAtMs: null, dueAtMs: null, lastId: '', repeats: 0 }
}

export function stateOfGroup({ key, route, members, ...rest }: Group): GroupState {
  return { ...rest, route: routeKey(route), members: [...members.values()] }
}

/** Null where no route of today is the one that it belonged to, or that no longer has the receiver. */
export function restoreGroup(routes: readonly Route[], state: GroupState): Group | null {
  const route = routes.find((one) => routeKey(one) === state.route && one.receivers.includes(state.receiver))
  if (route === undefined) return null
  const members = new Map(state.members.map((member) => [member.event.fingerprint, member]))
  return { ...state, key: placeKey(route, state.receiver, state.labels), route, members }
}

/** The routes that take an alert: the first that matches, and while those have `continue`, further ones. */
function routesOf(routes: readonly Route[], labels: Labels): Route[] {
  const taken: Route[] = []
  for (const route of routes) {
    if (!matches(route.match, labels)) continue
    taken.push(route)
    if (!route.continue) break
  }
  return taken
}

/** Where an alert is told. A receiver is not told that it cannot be reached. */
export function placesOf(routes: readonly Route[], event: AlertEvent): Place[] {
  const places = new Map<string, Place>()
  for (const route of routesOf(routes, event.labels)) {
    const labels = groupLabels(route.groupBy, event.labels)
    for (const receiver of route.receivers) {
      if (event.type === 'delivery_failure' && event.labels['receiver'] === receiver) continue
      const key = placeKey(route, receiver, labels)
      if (!places.has(key)) places.set(key, { key, route, receiver, labels })
    }
  }
  return [...places.values()]
}

/** A change of its times, of its other receivers or of its place among the routes leaves a route the same. */
function routeKey({ match, groupBy }: Route): string {
  return JSON.stringify([inOrder(match), [...groupBy].sort()])
}

function placeKey(route: Route, receiver: string, labels: Labels): string {
  return JSON.stringify([routeKey(route), receiver, inOrder(labels)])
}

/** Those of the labels that are named and not empty; `...` names all, as with Alertmanager. */
function groupLabels(names: readonly string[], labels: Labels): Labels {
  const wanted = names.includes('...') ? Object.keys(labels) : names
  return Object.fromEntries(
    [...wanted].sort().flatMap((name) => (labelOf(labels, name) === '' ? [] : [[name, labelOf(labels, name)]])),
  )
}

function inOrder(record: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
}
