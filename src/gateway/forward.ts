import type { Attempt } from '#core/ledger/entry.ts'
import { retryAfterMs } from '#lib/retry-after.ts'
import { type PendingAnswer, type Timers, type UpstreamAnswer, UpstreamFault } from '#ports.ts'
import type { Work } from './call-control.ts'
import { roundedMs } from './duration.ts'
import type { OpenCall } from './open-call.ts'
import type { Road } from './road.ts'

/** What came of asking the upstream: an answer of which only the head was looked at, or none. */
export type Went =
  | Answered
  | { readonly kind: 'failed'; readonly fault: UpstreamFault; readonly attempts: readonly Attempt[] }

export interface Answered {
  readonly kind: 'answered'
  readonly answer: UpstreamAnswer
  /** Ends the rest of it. */
  readonly upstream: Work
  readonly attempts: readonly Attempt[]
  /** Monotonic: when its head was there, and whatever came with that. */
  readonly answeredAtMs: number
}

/** Statuses that say "later": the provider did not do the work. 529 is Anthropic's "overloaded". */
const retryableStatus: ReadonlySet<number> = new Set([408, 409, 429, 500, 502, 503, 504, 529])

/** Faults of a connection. A provider that is merely slow is not asked twice: it may still be working, and billing. */
const retryableFault: ReadonlySet<string> = new Set(['connect_failed', 'connect_timeout', 'reset'])

/** A provider that asks for more patience than this gets its answer passed on: the caller can decide better. */
const longestWaitMs = 60_000

/**
 * Asks the upstream, again where that can help, until there is an answer to pass on. No byte has reached the client
 * while this runs. A caller who leaves, from now on, gives the upstream as long as the limits say.
 */
export async function forward(road: Road, open: OpenCall): Promise<Went> {
  const { clock, timers } = road
  const { arrival, control, route } = open
  const { config, door } = route.upstream
  let attempts: readonly Attempt[] = none
  let over: 'any' | 'new' = 'any'
  arrival.exchange.onGone(() => control.callerLeft(timers, road.readOn.readAfterDisconnectMs))
  for (;;) {
    const beganAtMs = clock.monotonicMs()
    const pending = door.send(route.request, over)
    control.whileRunning(pending)
    let waitMs: number
    try {
      const answer = await pending.answer
      const answeredAtMs = clock.monotonicMs()
      road.counts.answered(open.call, answer.headers, answeredAtMs)
      const errorCode = answer.status < 400 ? '' : `http_${answer.status}`
      attempts = joined(attempts, attempt(arrival.arrivedAtMs, beganAtMs, answeredAtMs, answer.status, errorCode))
      if (answer.status < 400) return answered(open, pending, { answer, attempts, answeredAtMs })
      if (answer.status === 401) {
        discard(answer, pending)
        return { kind: 'failed', fault: ownCredentialRefused(), attempts }
      }
      if (!retryableStatus.has(answer.status) || !mayRetry(open, attempts))
        return answered(open, pending, { answer, attempts, answeredAtMs })
      const asked = askedWaitMs(answer.headers, clock.wallMs())
      waitMs = asked ?? backoffMs(config.retries.baseMs, attempts.length, road.ids.chance())
      if (waitMs > longestWaitMs) return answered(open, pending, { answer, attempts, answeredAtMs })
      discard(answer, pending)
    } catch (error) {
      if (!(error instanceof UpstreamFault)) throw error
      attempts = joined(attempts, attempt(arrival.arrivedAtMs, beganAtMs, clock.monotonicMs(), 0, error.code))
      if (!retryableFault.has(error.code) || !mayRetry(open, attempts))
        return { kind: 'failed', fault: error, attempts }
      // A kept connection may have been closed when it was used, and so may the next.
      if (error.code === 'reset') over = 'new'
      waitMs = backoffMs(config.retries.baseMs, attempts.length, road.ids.chance())
    }
    if (!(await wait(waitMs, open, timers))) {
      const fault = new UpstreamFault('aborted', 'the call was ended while it waited to be retried')
      return { kind: 'failed', fault, attempts }
    }
  }
}

const none: readonly Attempt[] = []

/** A list that is pushed to makes room for a dozen more, and nearly every call has one attempt. */
function joined(attempts: readonly Attempt[], last: Attempt): readonly Attempt[] {
  return attempts.length === 0 ? [last] : [...attempts, last]
}

function answered(
  open: OpenCall,
  upstream: PendingAnswer,
  { answer, attempts, answeredAtMs }: Pick<Answered, 'answer' | 'attempts' | 'answeredAtMs'>,
): Answered {
  const shown = open.route.upstream.secret.withoutHeaders(answer)
  return { kind: 'answered', answer: shown, upstream, attempts, answeredAtMs }
}

function attempt(arrivedAtMs: number, beganAtMs: number, nowMs: number, status: number, errorCode: string): Attempt {
  const startedAfterMs = roundedMs(beganAtMs - arrivedAtMs)
  return { startedAfterMs, durationMs: roundedMs(nowMs - beganAtMs), status, errorCode }
}

function mayRetry(open: OpenCall, attempts: readonly Attempt[]): boolean {
  const { arrival, route } = open
  const { body } = route.request
  // What stores or orders something would do so twice: a second batch, say, of which nobody knows.
  const repeatable = (body === null || Buffer.isBuffer(body)) && arrival.match.body !== 'metadata'
  return repeatable && attempts.length <= route.upstream.config.retries.max && wanted(open)
}

/** False once nobody waits for the answer any more: no further attempt is made. */
function wanted({ arrival, control }: OpenCall): boolean {
  return !arrival.exchange.gone && !control.interrupted
}

/**
 * The credential is ours, so the caller can do nothing about it, must not take it for a refusal of its own key, and
 * must not see the answer: OpenAI's repeats a part of the key.
 */
function ownCredentialRefused(): UpstreamFault {
  return new UpstreamFault(
    'unauthorized',
    "the provider refused the gateway's own key; whoever runs Tollgate must set a valid one",
  )
}

/** 1, 2, 4, … times the base, each taken to between three quarters and the whole of it. */
export function backoffMs(baseMs: number, failedAttempts: number, chance: number): number {
  return baseMs * 2 ** (failedAttempts - 1) * (0.75 + chance / 4)
}

/** `retry-after-ms` (OpenAI) or `Retry-After`; null where neither says how long. */
export function askedWaitMs(headers: UpstreamAnswer['headers'], wallMs: number): number | null {
  const inMs = single(headers['retry-after-ms'])
  if (inMs !== null && /^\d+(\.\d+)?$/.test(inMs)) return Number(inMs)
  const text = single(headers['retry-after'])
  return text === null ? null : retryAfterMs(text, wallMs)
}

function single(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value.trim() : (value?.[0]?.trim() ?? null)
}

/** Reads a refused answer to its end, so that its connection can be used again; a long one is cut off instead. */
function discard(answer: UpstreamAnswer, upstream: Work): void {
  let size = 0
  answer.deliver({
    bytes: (chunk) => {
      size += chunk.length
      if (size > 65_536) upstream.abort()
    },
    end: () => {},
    fail: () => {},
  })
}

/** False where the call was ended meanwhile. */
function wait(ms: number, open: OpenCall, timers: Timers): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = timers.after(ms, () => resolve(wanted(open)))
    const abort = (): void => {
      timer.cancel()
      resolve(false)
    }
    open.control.whileWaiting({ abort })
    if (!wanted(open)) abort()
  })
}
