import type { Payer } from '#core/attribution/payer.ts'
import type { PicoUsd } from '#core/money/pico-usd.ts'
import type { Cost } from '#core/pricing/cost.ts'
import type { UsageSource } from '#core/usage/reported.ts'
import type { TokenTotals } from '#core/usage/totals.ts'

export type { TokenTotals } from '#core/usage/totals.ts'

/** What is known of a call before it goes upstream. All strings are already bounded in length. */
export interface CallFacts {
  readonly callId: string
  /** The caller's `X-Request-ID`, or the call id where the caller gave none. Not unique. */
  readonly requestId: string
  readonly startedAtMs: number
  readonly payer: Payer
  readonly keyId: string
  /** Who makes the model, as the price catalog names it: `openai`, `anthropic`, `google`, `deepseek`, … */
  readonly vendor: string
  /** The configured name of the provider that serves the call. Empty where the call was refused before routing. */
  readonly upstream: string
  readonly modelRequested: string
  /** After aliases and spelling were resolved: what the upstream is asked for. */
  readonly modelRouted: string
  readonly endpoint: EndpointName
  readonly stream: boolean
  /** Keyed hash of the request body: equal for equal prompts, says nothing about them. Empty where there is no body. */
  readonly promptHash: string
}

/** The API called, as the records, reports and metrics name it. */
export const endpointNames = [
  'chat.completions',
  'completions',
  'responses',
  'embeddings',
  'images',
  'audio.speech',
  'audio.transcriptions',
  'audio.translations',
  'moderations',
  'models',
  'files',
  'batches',
  'messages',
  'messages.count_tokens',
  'messages.batches',
  'generateContent',
  'embedContent',
  'countTokens',
  'other',
] as const

export type EndpointName = (typeof endpointNames)[number]

/** A call's place in a distributed trace, in lower-case hex as W3C Trace Context writes it. Sampled calls alone have one. */
export interface TraceLink {
  /** 32 digits. */
  readonly traceId: string
  /** 16 digits: the span that stands for the call, and the parent of whatever the upstream reports. */
  readonly spanId: string
  /** The caller's span; empty where the trace begins here. */
  readonly parentSpanId: string
}

/** Written before the call goes upstream. */
export interface OpenEntry {
  readonly kind: 'open'
  readonly call: CallFacts
  /** What the call is booked with if no settle entry ever follows: tokens guessed from the request. */
  readonly estimatedInputTokens: number
  /**
   * Of a job that runs on at the provider: by this id of its response, its batch or its file of results somebody
   * fetches the result and its usage. Such an entry stays open over restarts, until the result is seen.
   */
  readonly responseId?: string
  /** Of a batch: what was ordered, as far as the provider has said it. Missing in entries of versions that did not ask. */
  readonly batch?: BatchOrder
  /** Absent = the call's trace is not sampled, or there is no telemetry. */
  readonly trace?: TraceLink
  /**
   * Of such a job: the most that it can still cost and use, which budgets hold for it until it is settled, over restarts
   * too. Missing in entries of versions that forgot it.
   */
  readonly hold?: HeldAmounts
}

/** What the requests of a batch are, where its results do not say it. */
export interface BatchOrder {
  readonly endpoint: EndpointName
  /** Empty while the provider names none. */
  readonly model: string
}

/** What is set aside for a call: money, and tokens of input and output. */
export interface HeldAmounts {
  readonly picoUsd: PicoUsd
  readonly tokens: number
}

/**
 * served: the upstream answered and the answer was delivered, or the caller left and the answer was read to its end.
 * failed: the upstream refused, broke off or could not be reached.
 * cancelled: the caller left and the answer was not read to its end.
 * refused: the gateway turned the call away after it knew the key; it never went upstream.
 * interrupted: the gateway died, or was stopped past its drain deadline, before the answer had ended.
 */
export const outcomes = ['served', 'failed', 'cancelled', 'refused', 'interrupted'] as const

export type Outcome = (typeof outcomes)[number]

/** One try at the upstream; a call that was not retried has one. */
export interface Attempt {
  readonly startedAfterMs: number
  readonly durationMs: number
  /** HTTP status, or 0 where there was no answer. */
  readonly status: number
  /** Empty on success. */
  readonly errorCode: string
}

/** Marks the record of a cost that was metered elsewhere: no call went through the gateway, so it has no latency. */
export const externalMark = 'external'

/** Marks the record of what a job used that ran on at the provider: it lasted until somebody fetched its result. */
export const backgroundJobMark = 'background_job'

/** Marks the records of what the requests of a batch used, one for each model: they lasted as long as the batch. */
export const batchMark = 'batch'

/** Marks of records whose latency says nothing of how fast calls are answered. */
export const untimedMarks = [externalMark, backgroundJobMark, batchMark] as const

/** Whether the latency of a record is that of a call. */
export function isTimed({ marks }: SettleEntry): boolean {
  return marks.length === 0 || !untimedMarks.some((mark) => marks.includes(mark))
}

/** Written when the call is over: the whole record, sufficient without its open entry. */
export interface SettleEntry {
  readonly kind: 'settle'
  readonly call: CallFacts
  readonly endedAtMs: number
  readonly outcome: Outcome
  readonly modelServed: string
  readonly usageSource: UsageSource
  readonly tokens: TokenTotals
  /** Billed beside tokens, by unit: `web_search`, `request`, `audio_second`, … */
  readonly units: Readonly<Record<string, number>>
  readonly cost: Cost
  /** What was odd about the usage: `cached_over_input`, `unpriced`, … Empty for nearly all calls. */
  readonly marks: readonly string[]
  readonly latencyMs: number
  /** Null where no byte of an answer was forwarded. */
  readonly timeToFirstTokenMs: number | null
  /** What the gateway itself added. */
  readonly overheadMs: number
  /** The status that the caller saw, or would have seen. */
  readonly statusCode: number
  readonly errorCode: string
  readonly errorMessage: string
  readonly attempts: readonly Attempt[]
  readonly cacheHit: boolean
  /** Of a sampled call that was refused, which has no open entry to bear it; absent everywhere else. */
  readonly trace?: TraceLink
}

export type LedgerEntry = OpenEntry | SettleEntry
