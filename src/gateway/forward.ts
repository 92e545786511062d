import type { Attempt } from '#core/ledger/entry.ts'
import {
  type Clock,
  type Ids,
  type Timers,
  type Upstream,
  type UpstreamAnswer,
  UpstreamFault,
  type UpstreamRequest,
} from '#ports.ts'
import type { CallControl } from './call-control.ts'
import { inMicros } from './settle.ts'

export interface ForwardPlan {
  readonly upstream: Upstream
  readonly request: UpstreamRequest
  readonly maxRetries: number
  readonly retryBaseMs: number
  /** Monotonic: when the call arrived. */
  readonly arrivedAtMs: number
  readonly control: CallControl
  /** False once nobody waits for the answer any more: no further attempt is made. */
  readonly wanted: () => boolean
}

export interface Means {
  readonly clock: Clock
  readonly timers: Timers
  readonly ids: Ids
}

export type Forwarded =
  | {
      readonly kind: 'answered'
      readonly answer: UpstreamAnswer
      readonly abort: () => void
      readonly attempts: readonly Attempt[]
    }
  | { readonly kind: 'failed'; readonly fault: UpstreamFault; readonly attempts: readonly Attempt[] }

/** Statuses that say "later": the provider did not do the work. 529 is Anthropic's "overloaded". */
const retryableStatus: ReadonlySet<number> = new Set([408, 409, 429, 500, 502, 503, 504, 529])

/** Faults of a connection. A provider that is merely slow is not asked twice: it may still be working, and billing. */
const retryableFault: ReadonlySet<string> = new Set(['connect_failed', 'connect_timeout', 'reset'])

/** A provider that asks for more patience than this gets its answer passed on: the caller can decide better. */
const longestWaitMs = 60_000

/**
 * Asks the upstream, again where that can help, until there is an answer to pass on. No byte has reached the client
 * while this runs.
 */
export async function forward(plan: ForwardPlan, means: Means): Promise<Forwarded> {
  const attempts: Attempt[] = []
  for (;;) {
    const beganAtMs = means.clock.monotonicMs()
    const note = (status: number, errorCode: string): void => {
      const durationMs = inMicros(means.clock.monotonicMs() - beganAtMs)
      attempts.push({ startedAfterMs: inMicros(beganAtMs - plan.arrivedAtMs), durationMs, status, errorCode })
    }
    const pending = plan.upstream.send(plan.request)
    const abort = (): void => pending.abort()
    plan.control.whileRunning(abort)
    const mayRetry =
      attempts.length < plan.maxRetries && (plan.request.body === null || Buffer.isBuffer(plan.request.body))
    let waitMs: number
    try {
      const answer = await pending.answer
      note(answer.status, answer.status < 400 ? '' : `http_${answer.status}`)
      if (answer.status === 401) {
        discard(answer, abort)
        return { kind: 'failed', fault: ownCredentialRefused(), attempts }
      }
      if (!mayRetry || !retryableStatus.has(answer.status) || !plan.wanted())
        return { kind: 'answered', answer, abort, attempts }
      waitMs =
        askedWaitMs(answer.headers, means.clock.wallMs()) ??
        backoffMs(plan.retryBaseMs, attempts.length, means.ids.chance())
      if (waitMs > longestWaitMs) return { kind: 'answered', answer, abort, attempts }
      discard(answer, abort)
    } catch (error) {
      if (!(error instanceof UpstreamFault)) throw error
      note(0, error.code)
      if (!mayRetry || !retryableFault.has(error.code) || !plan.wanted())
        return { kind: 'failed', fault: error, attempts }
      waitMs = backoffMs(plan.retryBaseMs, attempts.length, means.ids.chance())
    }
    if (!(await wait(waitMs, plan, means.timers))) {
      return {
        kind: 'failed',
        fault: new UpstreamFault('aborted', 'the call was ended while it waited to be retried'),
        attempts,
      }
    }
  }
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

/** `retry-after-ms` (OpenAI) or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3); null where neither is there. */
export function askedWaitMs(headers: UpstreamAnswer['headers'], wallMs: number): number | null {
  const inMs = single(headers['retry-after-ms'])
  if (inMs !== null && /^\d+(\.\d+)?$/.test(inMs)) return Number(inMs)
  const text = single(headers['retry-after'])
  if (text === null) return null
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, at - wallMs)
}

function single(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value.trim() : (value?.[0]?.trim() ?? null)
}

/** Reads a refused answer to its end, so that its connection can be used again; a long one is cut off instead. */
function discard(answer: UpstreamAnswer, abort: () => void): void {
  let size = 0
  answer.deliver({
    bytes: (chunk) => {
      size += chunk.length
      if (size > 65_536) abort()
    },
    end: () => {},
    fail: () => {},
  })
}

/** False where the call was ended meanwhile. */
function wait(ms: number, plan: ForwardPlan, timers: Timers): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = timers.after(ms, () => resolve(plan.wanted()))
    plan.control.whileWaiting(() => {
      timer.cancel()
      resolve(false)
    })
    if (!plan.wanted()) plan.control.abort()
  })
}
