import { externalMark, type SettleEntry } from '#core/ledger/entry.ts'
import type { Cost } from '#core/pricing/cost.ts'
import { bookStated } from '#core/pricing/stated-cost.ts'
import { disjointCounts } from '#core/usage/counts.ts'
import type { Road } from '../road.ts'
import type { ExternalCost } from './external-cost.ts'
import { FieldFault } from './fields.ts'

/**
 * The record of a cost metered elsewhere: a call of no duration. What its source states is what it cost; where that
 * states nothing, the price that the configuration has for the source decides.
 *
 * @throws FieldFault where there is neither.
 */
export function settleExternal({ prices }: Pick<Road, 'prices'>, external: ExternalCost): SettleEntry {
  const { callId, startedAtMs, payer, keyId, vendor, source, model, usage, promptHash } = external
  const usageSource = usage === null ? 'none' : 'provider'
  const priced = prices.priceCall({
    upstream: source,
    vendor,
    modelServed: model,
    modelRouted: model,
    endpoint: 'other',
    atMs: startedAtMs,
    usage,
    usageSource,
  })
  return {
    kind: 'settle',
    call: {
      callId,
      requestId: external.eventId,
      startedAtMs,
      payer,
      keyId,
      vendor,
      upstream: source,
      modelRequested: model,
      modelRouted: model,
      endpoint: 'other',
      stream: false,
      promptHash,
    },
    endedAtMs: startedAtMs,
    outcome: 'served',
    modelServed: model,
    usageSource,
    tokens: priced.tokens,
    units: priced.units,
    cost: costOf(external, priced.cost),
    marks: [externalMark, ...(external.statedPicoUsd === null ? priced.marks : oddCounts(external))],
    latencyMs: 0,
    timeToFirstTokenMs: null,
    overheadMs: 0,
    statusCode: 200,
    errorCode: '',
    errorMessage: '',
    attempts: [],
    cacheHit: false,
  }
}

function costOf({ statedPicoUsd, amountPath, usage, model, source }: ExternalCost, computed: Cost): Cost {
  if (statedPicoUsd !== null) return bookStated(computed, statedPicoUsd)
  if (usage !== null && !computed.unpriced) return computed
  const why = usage === null ? 'and there is no usage to price' : `and "${model}" of "${source}" has no price here`
  throw new FieldFault(amountPath, `is missing, ${why}`)
}

/** What is odd about its prices does not matter where none was used. */
function oddCounts({ usage }: ExternalCost): readonly string[] {
  const marks = new Set<string>()
  if (usage !== null) disjointCounts(usage, marks)
  return [...marks]
}
