/** An instant, in Unix milliseconds, as all answers, messages and files have it: ISO 8601 in UTC with milliseconds. */
export function isoText(atMs: number): string
export function isoText(atMs: number | null): string | null
export function isoText(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString()
}
