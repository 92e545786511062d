import type { LiveThresholds } from '#core/alerting/live-thresholds.ts'
import { bucketsPerWindow, providerFailed } from '#core/alerting/upstream-errors.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'

const hourMs = 3_600_000

/**
 * What should fire with the last of the entries, given all of them: `type subject`, in no order. Every answer is worked
 * out from the whole history anew.
 */
export function naiveFiring(live: LiveThresholds, entries: readonly SettleEntry[]): string[] {
  const last = entries.at(-1)
  if (last === undefined) return []
  return [
    ...exceeded(entries, last),
    ...hourly(live, entries, last),
    ...oversized(live, last),
    ...duplicate(live, entries, last),
    ...unpriced(live, entries, last),
    ...upstream(live, entries, last),
  ]
}

/** Budgets have windows of an hour here. */
function exceeded(entries: readonly SettleEntry[], last: SettleEntry): string[] {
  const windowOf = (entry: SettleEntry) => Math.floor(entry.call.startedAtMs / hourMs)
  return last.marks.filter((mark) => {
    const same = entries.filter((entry) => entry.marks.includes(mark) && windowOf(entry) === windowOf(last))
    return mark.startsWith('budget_exceeded:') && same.length === 1
  })
}

function hourly(live: LiveThresholds, entries: readonly SettleEntry[], last: SettleEntry): string[] {
  const hourOf = (entry: SettleEntry) => Math.floor(entry.call.startedAtMs / hourMs)
  const model = last.call.modelRouted.toLowerCase()
  const sum = (some: readonly SettleEntry[], only: (entry: SettleEntry) => boolean) =>
    some
      .filter((one) => hourOf(one) === hourOf(last) && only(one))
      .reduce((total, one) => total + one.cost.totalPicoUsd, 0n)
  const crosses = (limit: bigint | null | undefined, only: (entry: SettleEntry) => boolean) =>
    limit != null && sum(entries, only) > limit && sum(entries.slice(0, -1), only) <= limit
  return [
    ...(crosses(live.hourlyCost?.totalPicoUsd, () => true) ? ['hourly_cost '] : []),
    ...(crosses(live.hourlyCost?.models[model], (one) => one.call.modelRouted.toLowerCase() === model)
      ? [`hourly_cost ${model}`]
      : []),
  ]
}

function oversized(live: LiveThresholds, last: SettleEntry): string[] {
  const most = live.outputTokens?.models[last.call.modelRouted.toLowerCase()] ?? live.outputTokens?.others ?? Infinity
  return last.tokens.output > most ? [`oversized_request ${last.call.callId}`] : []
}

function duplicate(live: LiveThresholds, entries: readonly SettleEntry[], last: SettleEntry): string[] {
  const threshold = live.duplicatePrompts
  const counts = ({ outcome, cacheHit }: SettleEntry) => !['refused', 'failed'].includes(outcome) && !cacheHit
  if (threshold === null || last.call.promptHash === '' || !counts(last)) return []
  const times = entries
    .filter((one) => counts(one) && one.call.promptHash === last.call.promptHash && one.call.keyId === last.call.keyId)
    .map(({ endedAtMs }) => endedAtMs)
  let toldAtMs = -Infinity
  times.forEach((atMs, index) => {
    const within = times.slice(0, index + 1).filter((one) => one > atMs - hourMs).length
    if (within > threshold && atMs >= toldAtMs + hourMs) toldAtMs = index === times.length - 1 ? Infinity : atMs
  })
  return toldAtMs === Infinity ? [`duplicate_prompt ${last.call.keyId} ${last.call.promptHash}`] : []
}

function unpriced(live: LiveThresholds, entries: readonly SettleEntry[], last: SettleEntry): string[] {
  const nameOf = ({ call }: SettleEntry) => `${call.upstream} ${call.modelRouted}`
  const before = entries.slice(0, -1).findLast((entry) => {
    return nameOf(entry) === nameOf(last) && (entry.cost.unpriced || entry.cost.priceVersion !== '')
  })
  if (!live.unpricedModels || !last.cost.unpriced) return []
  const goesOn = before?.cost.unpriced && last.endedAtMs < before.endedAtMs + 24 * hourMs
  return goesOn ? [] : [`unpriced_model ${nameOf(last)}`]
}

function upstream(live: LiveThresholds, entries: readonly SettleEntry[], last: SettleEntry): string[] {
  const limit = live.upstreamErrors
  const counts = ({ call, outcome }: SettleEntry) =>
    call.upstream === last.call.upstream && !['refused', 'interrupted'].includes(outcome)
  if (limit === null || !counts(last)) return []
  const calls = entries.filter(counts)
  const bucketOf = ({ endedAtMs }: SettleEntry) => Math.floor((endedAtMs * bucketsPerWindow) / limit.windowMs)
  let fires = false
  let begun = false
  calls.forEach((call, index) => {
    const within = calls.slice(0, index + 1).filter((one) => bucketOf(one) > bucketOf(call) - bucketsPerWindow)
    const percent = (100 * within.filter(providerFailed).length) / within.length
    const quiet = index > 0 && call.endedAtMs >= (calls[index - 1]?.endedAtMs ?? 0) + limit.windowMs
    const held = fires && !quiet
    fires = held ? percent >= 0.8 * limit.percent : within.length >= limit.leastCalls && percent >= limit.percent
    begun = fires && !held
  })
  return begun ? [`upstream_errors ${last.call.upstream}`] : []
}
