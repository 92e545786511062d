import { externalMark, isTimed, type SettleEntry } from '#core/ledger/entry.ts'
import type { CallMeasures } from '#core/telemetry/signals.ts'
import { errorTypeOf, operationAttributes, type Servers } from './operation.ts'

/**
 * What a settled call adds to the metrics of generative AI; null for a cost that was metered elsewhere, which was no
 * operation of this gateway. Tokens are those of the ledger, reported or estimated. Pure.
 */
export function callMeasures(entry: SettleEntry, servers: Servers): CallMeasures | null {
  const { call, marks, tokens, usageSource, latencyMs, timeToFirstTokenMs } = entry
  if (marks.includes(externalMark)) return null
  const counted = usageSource !== 'none'
  return {
    attributes: operationAttributes(entry, servers),
    inputTokens: counted && tokens.input > 0 ? tokens.input : null,
    outputTokens: counted && tokens.output > 0 ? tokens.output : null,
    durationSeconds: isTimed(entry) ? latencyMs / 1000 : null,
    firstChunkSeconds: call.stream && timeToFirstTokenMs !== null ? timeToFirstTokenMs / 1000 : null,
    errorType: errorTypeOf(entry),
  }
}
