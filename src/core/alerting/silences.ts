import { type Labels, matches } from './matchers.ts'
import type { Silence } from './routing.ts'

/** Whether some silence holds at that time, [starts, ends), for an alert with these labels. */
export function isSilenced(silences: readonly Silence[], labels: Labels, nowMs: number): boolean {
  return silences.some(({ match, startsAtMs, endsAtMs }) => {
    return startsAtMs <= nowMs && nowMs < endsAtMs && matches(match, labels)
  })
}
