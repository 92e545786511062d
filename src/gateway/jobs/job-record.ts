import {
  batchMark,
  type CallFacts,
  type OpenEntry,
  type Outcome,
  type SettleEntry,
  type TraceLink,
} from '#core/ledger/entry.ts'
import { bounded, longestErrorCode, longestModel } from '#core/ledger/entry-bounds.ts'
import { noCost } from '#core/pricing/cost.ts'
import type { PricedCall } from '#core/pricing/price-call.ts'
import type { UsageSource } from '#core/usage/reported.ts'
import { noTokens } from '#core/usage/totals.ts'
import { errorText } from '../error-text.ts'
import type { Road } from '../road.ts'
import type { JobEntry } from './background-jobs.ts'

/** What came of work that a provider did after the call that ordered it was over. */
interface JobResult {
  /** Of the call that ordered it, with an id of the work's own. */
  readonly call: CallFacts
  readonly nowMs: number
  readonly outcome: Outcome
  readonly modelServed: string
  readonly usageSource: UsageSource
  readonly priced: PricedCall
  /** Says which kind of work it was. */
  readonly mark: string
  /** `code` is empty where all went well. */
  readonly error: { readonly code: string; readonly message: string }
}

/** The record of such work, beside the record of the call that ordered it. */
export function jobRecord({ call, nowMs, priced, error, ...result }: JobResult): SettleEntry {
  return {
    kind: 'settle',
    call,
    endedAtMs: Math.max(nowMs, call.startedAtMs),
    outcome: result.outcome,
    modelServed: bounded(result.modelServed, longestModel),
    usageSource: result.usageSource,
    tokens: priced.tokens,
    units: priced.units,
    cost: priced.cost,
    marks: [...priced.marks, result.mark],
    latencyMs: Math.max(0, nowMs - call.startedAtMs),
    timeToFirstTokenMs: null,
    overheadMs: 0,
    statusCode: 200,
    errorCode: bounded(error.code, longestErrorCode),
    errorMessage: errorText(error.message),
    attempts: [],
    cacheHit: false,
  }
}

/** Nobody came for the result, so nobody was told what was used. */
export const notFetched = {
  code: 'result_not_fetched',
  message: 'nobody fetched the result, so its usage is not known',
}

/** The job's span is a child of that of the call that began it. */
export function jobTrace({ ids }: Road, { trace }: OpenEntry): { trace?: TraceLink } {
  if (trace === undefined) return {}
  return { trace: { traceId: trace.traceId, spanId: ids.spanId(), parentSpanId: trace.spanId } }
}

/** Nothing was used, or nobody knows of anything. */
export const nothing: PricedCall = { cost: noCost, tokens: noTokens, units: {}, marks: [] }

export function isBatch({ endpoint }: CallFacts): boolean {
  return endpoint === 'batches' || endpoint === 'messages.batches'
}

/** Of a batch that has used nothing, or with an error of which nobody knows what it has used. */
export function emptyBatchRecord({ clock }: Road, { call }: JobEntry, error: typeof notFetched | null): SettleEntry {
  return jobRecord({
    ...{ call, nowMs: clock.wallMs(), modelServed: '', usageSource: 'none', priced: nothing, mark: batchMark },
    outcome: error === null ? 'served' : 'cancelled',
    error: error ?? { code: '', message: '' },
  })
}
