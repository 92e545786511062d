import type { AlertEvent } from './alert.ts'
import type { Labels } from './matchers.ts'

/** One message to one receiver. JSON as it stands. */
export interface Notification {
  /** Stable: made from what it tells. Never the same for two messages. */
  readonly id: string
  /** The same for all messages of a group, over restarts: what threads and deduplication go by. 32 hex digits. */
  readonly groupKey: string
  readonly receiver: string
  /** resolved: nothing of the group fires any more. */
  readonly status: 'firing' | 'resolved'
  readonly atMs: number
  /** Nothing has changed since the last message, but it still fires. */
  readonly repeated: boolean
  readonly groupLabels: Labels
  /** Labels that all alerts listed share. */
  readonly commonLabels: Labels
  /**
   * All that fires in the group, not only what is new: first what was not told before, the most severe and latest of it
   * first, then the rest in that order. With `resolved` at most twenty, of which what is new comes before what is over,
   * and that before what was told already. Receivers that keep an incident for each alert get more: PagerDuty the end of
   * every alert that it was given, Alertmanager everything.
   */
  readonly firing: readonly AlertEvent[]
  /** What was told to fire and is over; each is told once. */
  readonly resolved: readonly AlertEvent[]
  /** How many there are, listed or not. */
  readonly firingCount: number
  readonly resolvedCount: number
}

/** A message lists so many alerts; its counts say how many there are. */
export const mostListed = 20

/** How many alerts of the group the message does not list. */
export function unlisted({ firing, resolved, firingCount, resolvedCount }: Notification): number {
  return firingCount + resolvedCount - firing.length - resolved.length
}
