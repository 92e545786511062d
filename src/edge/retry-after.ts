import { retryAfterMs } from '#lib/retry-after.ts'

/** Whoever asks for more is not taken at his word. */
const longestMs = 24 * 60 * 60_000

/** For how long an answer asks not to be asked again, as far as we wait; null where it does not say. */
export function retryAfterOf(
  { 'retry-after': value }: Readonly<Record<string, string | string[] | undefined>>,
  nowMs: number,
): number | null {
  const ms = typeof value === 'string' ? retryAfterMs(value, nowMs) : null
  return ms === null ? null : Math.min(ms, longestMs)
}
