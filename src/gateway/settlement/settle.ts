import type { Outcome, SettleEntry } from '#core/ledger/entry.ts'
import { bounded, longestErrorCode, longestModel } from '#core/ledger/entry-bounds.ts'
import type { ReportedUsage, UsageSource } from '#core/usage/reported.ts'
import type { UpstreamAnswer, UpstreamFault } from '#ports.ts'
import { searchesUnseen } from '#providers/model-limits.ts'
import { tierInHeaders } from '#providers/tier-headers.ts'
import { roundedMs } from '../duration.ts'
import { errorText } from '../error-text.ts'
import type { Road } from '../road.ts'
import type { EndedCall } from './end-call.ts'

export interface CountedUsage {
  readonly usage: ReportedUsage | null
  readonly source: UsageSource
  /** Output came that could not even be estimated. Absent otherwise. */
  readonly outputUnread?: true
  /** The answer came to its end without a report. What it does not show, such as thinking, no estimate has in it. */
  readonly unreported?: true
}

/** The whole record of a call that went upstream. Pure but for the clock. */
export function settle(road: Pick<Road, 'prices' | 'clock'>, ended: EndedCall, counted: CountedUsage): SettleEntry {
  const { open, delivery, attempts } = ended
  const { call } = open
  const { arrivedAtMs } = open.arrival
  const modelServed = bounded(delivery.reading.model ?? call.modelRouted, longestModel)
  const priced = road.prices.priceCall({
    upstream: call.upstream,
    vendor: call.vendor,
    modelServed,
    modelRouted: call.modelRouted,
    endpoint: call.endpoint,
    serviceTier: tierTold(ended, counted),
    asked: open.ask.reach,
    atMs: call.startedAtMs,
    usage: counted.usage,
    usageSource: counted.source,
    outputUnread: counted.outputUnread === true,
    searchesUnseen: searchesUnseen(call.endpoint, modelServed),
  })
  const nowMs = road.clock.monotonicMs()
  const latencyMs = nowMs - arrivedAtMs
  const { code: errorCode, message: errorMessage } = errorOf(ended)
  return {
    kind: 'settle',
    call,
    // Not the clock on the wall again: it may have been set meanwhile.
    endedAtMs: call.startedAtMs + Math.round(latencyMs),
    outcome: outcomeOf(ended),
    modelServed,
    usageSource: counted.source,
    tokens: priced.tokens,
    units: priced.units,
    cost: priced.cost,
    marks: marksOf(ended, counted.unreported === true ? withMissing(priced.marks) : priced.marks),
    latencyMs: roundedMs(latencyMs),
    timeToFirstTokenMs: delivery.firstByteAtMs === null ? null : roundedMs(delivery.firstByteAtMs - arrivedAtMs),
    overheadMs: roundedMs((attempts[0]?.startedAfterMs ?? latencyMs) + (nowMs - delivery.upstreamEndedAtMs)),
    statusCode: ended.statusCode,
    errorCode: bounded(errorCode, longestErrorCode),
    errorMessage: errorText(errorMessage),
    attempts,
    cacheHit: false,
  }
}

/** By its usage, else by what of the answer there was, else by its head. */
function tierTold({ answer, delivery }: EndedCall, { usage }: CountedUsage): string | undefined {
  return usage?.serviceTier ?? delivery.reading.serviceTier ?? tierInHeaders(answer?.headers ?? noHeaders)
}

const noMarks: readonly string[] = []
const noHeaders: UpstreamAnswer['headers'] = {}

function marksOf({ open, delivery }: EndedCall, priced: readonly string[]): readonly string[] {
  const { marks: reserved } = open.reserved
  if (!delivery.clientLeft && delivery.cut === null && reserved.length === 0) return priced
  const left = delivery.clientLeft ? ['client_left'] : noMarks
  const cut = delivery.cut === null ? noMarks : [`budget_ended:${delivery.cut.budget}`]
  return [...priced, ...reserved, ...left, ...cut]
}

const missing = 'usage_missing'

function withMissing(marks: readonly string[]): readonly string[] {
  return marks.includes(missing) ? marks : [...marks, missing]
}

function outcomeOf(ended: EndedCall): Outcome {
  const { fault, clientLeft, reading } = ended.delivery
  if (ended.open.control.interrupted) return 'interrupted'
  if (fault !== null) return clientLeft && fault.code === 'aborted' ? 'cancelled' : 'failed'
  return ended.statusCode < 400 && reading.error === null ? 'served' : 'failed'
}

function errorOf(ended: EndedCall): { readonly code: string; readonly message: string } {
  const { fault, reading, cut } = ended.delivery
  if (ended.open.control.interrupted)
    return { code: 'interrupted', message: 'the gateway was stopped before the answer had ended' }
  if (fault !== null) return { code: faultCode(fault), message: fault.message }
  if (cut !== null) return { code: 'budget_exceeded', message: cut.message }
  if (reading.error !== null) {
    return { code: reading.error.code || `http_${ended.statusCode}`, message: reading.error.message }
  }
  return { code: ended.statusCode < 400 ? '' : `http_${ended.statusCode}`, message: '' }
}

function faultCode(fault: UpstreamFault): string {
  return fault.code === 'aborted' ? 'client_left' : `upstream_${fault.code}`
}
