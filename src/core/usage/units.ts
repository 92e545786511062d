import type { ReportedUsage } from './reported.ts'

/** What is counted and may be billed beside tokens. */
export type UnitName = 'web_search' | 'web_fetch' | 'code_execution' | 'search_unit' | 'audio_second' | 'request'

type ReportedUnit = readonly [
  UnitName,
  'webSearchRequests' | 'webFetchRequests' | 'codeExecutionRequests' | 'searchUnits' | 'durationSeconds',
]

/** `request` is not reported by anyone: it is added where a price has a fee per request. */
const reportedUnits: readonly ReportedUnit[] = [
  ['web_search', 'webSearchRequests'],
  ['web_fetch', 'webFetchRequests'],
  ['code_execution', 'codeExecutionRequests'],
  ['search_unit', 'searchUnits'],
  ['audio_second', 'durationSeconds'],
]

/** The units of a report that are above zero. Seconds may have a fraction; anything that is no amount is left out and marked. */
export function reportedUnitsOf(usage: ReportedUsage, marks: Set<string>): Partial<Record<UnitName, number>> {
  const units: Partial<Record<UnitName, number>> = {}
  for (const [unit, field] of reportedUnits) {
    const amount = usage[field]
    if (amount === undefined || amount === 0) continue
    if (Number.isFinite(amount) && amount > 0) units[unit] = amount
    else marks.add('count_invalid')
  }
  return units
}
