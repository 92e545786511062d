export interface UpstreamTimeouts {
  /** From the request having been written to the head of its answer; 0: never. */
  readonly firstByteTimeoutMs: number
  /** Between pieces of the body, while they are wanted; 0: never. */
  readonly idleTimeoutMs: number
}

/** What an exchange waits for. */
export type WaitsFor =
  | 'answer'
  /** Its body. */
  | 'more'
  /** Us: the source of the request's body, or whoever takes the answer. */
  | 'nothing'

const shortestSweepMs = 50
const longestSweepMs = 1_000

/** How often exchanges are looked at: the smaller timeout is exceeded by at most a quarter, or a second. */
export function sweepEveryMs({ firstByteTimeoutMs, idleTimeoutMs }: UpstreamTimeouts): number {
  const smaller = Math.min(firstByteTimeoutMs || Number.POSITIVE_INFINITY, idleTimeoutMs || Number.POSITIVE_INFINITY)
  return Math.min(longestSweepMs, Math.max(shortestSweepMs, Math.floor(smaller / 4)))
}

/** The timeout that has passed, or null. */
export function overdue(
  waitsFor: WaitsFor,
  waitedMs: number,
  { firstByteTimeoutMs, idleTimeoutMs }: UpstreamTimeouts,
): 'first_byte_timeout' | 'idle_timeout' | null {
  if (waitsFor === 'answer')
    return firstByteTimeoutMs > 0 && waitedMs >= firstByteTimeoutMs ? 'first_byte_timeout' : null
  if (waitsFor === 'more') return idleTimeoutMs > 0 && waitedMs >= idleTimeoutMs ? 'idle_timeout' : null
  return null
}

const usualKeepAliveMs = 30_000
const longestKeepAliveMs = 600_000
/** A server's word on how long it keeps a connection is about its clock, and the way there takes time. */
const keepAliveMarginMs = 2_000

/** How long a connection is kept for the next request, given the server's hint; 0: not at all. */
export function keepIdleMs(hintMs: number | null): number {
  if (hintMs === null) return usualKeepAliveMs
  return Math.max(0, Math.min(hintMs - keepAliveMarginMs, longestKeepAliveMs))
}
