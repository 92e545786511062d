import type { ProviderConfig } from '#config/config.ts'
import type { Said } from '#core/attribution/said.ts'
import type { KeyRing } from '#core/keys/ring.ts'
import type { PriceBook } from '#core/pricing/price-book.ts'
import type { Clock, Ids, Journal, RawHeaders, Timers, Upstream } from '#ports.ts'
import type { Accent } from '#providers/answers/accents.ts'
import type { Dialect } from '#providers/endpoints.ts'
import type { ModelResolver } from '#providers/models.ts'
import type { RequestReading, RequestToRead } from '#providers/requests/read-request.ts'
import type { RequestHeaders } from '#providers/wire-headers.ts'
import type { UpstreamSecret } from './answer/hide-secret.ts'
import type { BudgetDesk } from './budgets/desk.ts'
import type { RunningCalls } from './call-control.ts'
import type { Tracing } from './call-trace.ts'
import type { HeldAnswers } from './held-answers.ts'
import type { HeldBodies } from './held-bodies.ts'
import type { BackgroundJobs } from './jobs/background-jobs.ts'
import type { RoadCounts } from './metrics/road-counts.ts'

/**
 * Counts tokens of text where no provider did. Asynchronous, because a tokenizer is large: it is loaded when it is
 * first needed, and must not hold up the calls beside this one.
 */
export interface TokenEstimator {
  /** Of a JSON request. */
  inputTokens(body: Buffer): Promise<number>
  outputTokens(text: string): Promise<number>
  /**
   * Tokens of a whole text, by OpenAI's current tokenizer. Null where it was not counted from its beginning to its end:
   * the two above then say something likely, on which nothing may rest that has to hold.
   */
  countText(text: string): Promise<number | null>
}

/** Reads what would hold up other calls, beside the road. */
export interface LargeRequestReader {
  /**
   * As `readRequest` does; the body is where it was before only once it has been read. Requests of the same key wait for
   * one another, and for at most one of every other key.
   */
  read(request: RequestToRead, keyId: string): Promise<{ readonly reading: RequestReading; readonly body: Buffer }>
}

/** How far an answer is still read for its usage after the caller left. */
export interface ReadOnLimits {
  readonly readAfterDisconnectMs: number
  readonly readAfterDisconnectBytes: number
}

/** What the operator's identity provider says of a caller. */
export interface ClaimsVerifier {
  /** Lower-case name of the header that carries the token. */
  readonly header: string
  readonly required: boolean
  verify(token: string, nowMs: number): Promise<ClaimsVerdict>
}

export type ClaimsVerdict =
  | { readonly kind: 'valid'; readonly claims: Said }
  | {
      readonly kind: 'invalid'
      readonly reason: string
      /** `keys` = what tokens are checked with cannot be had, which says nothing of this one. */
      readonly because: 'token' | 'keys'
    }

export interface RoadUpstream {
  readonly config: ProviderConfig
  readonly door: Upstream
  /** Path of the base URL, without a trailing slash. */
  readonly basePath: string
  /** By the API called: the headers that show the provider our key, names and values in turn. */
  readonly credentials: Readonly<Record<Dialect, RawHeaders>>
  /** What its answers must not show. */
  readonly secret: UpstreamSecret
  /** How its answers deviate from the dialect they speak. */
  readonly accent: Accent
}

/**
 * All that a call meets on its way. A reload of the configuration lays a new road; calls under way stay on the one
 * they came in on.
 */
export interface Road {
  readonly clock: Clock
  readonly timers: Timers
  readonly ids: Ids
  readonly journal: Journal
  readonly keys: () => KeyRing
  readonly claims: ClaimsVerifier | null
  readonly models: ModelResolver
  readonly upstreams: ReadonlyMap<string, RoadUpstream>
  readonly prices: PriceBook
  readonly estimator: TokenEstimator
  readonly largeRequests: LargeRequestReader
  /** Shared by all roads. */
  readonly heldBodies: HeldBodies
  /** Of answers that are taken in whole. Shared by all roads. */
  readonly heldAnswers: HeldAnswers
  readonly unpriced: 'allow' | 'block'
  readonly requestBodyBytes: number
  readonly answerBodyBytes: number
  readonly readOn: ReadOnLimits
  readonly requestHeaders: RequestHeaders
  readonly hashPrompt: (body: Buffer) => string
  /** Null where there is no telemetry. */
  readonly tracing: Tracing | null
  /** Shared by all roads. */
  readonly budgets: BudgetDesk
  readonly running: RunningCalls
  /** Shared by all roads. */
  readonly jobs: BackgroundJobs
  readonly counts: RoadCounts
  readonly onFault: (error: unknown) => void
}
