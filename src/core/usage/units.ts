import type { ReportedUsage } from './reported.ts'

/** What is counted and may be billed beside tokens. `request…` are reported by nobody: a price with such a fee adds it,
 * by how much of the web the request had read. */
export type UnitName =
  | 'web_search'
  | 'web_search_preview'
  | 'file_search'
  | 'maps_grounding'
  | 'image_generation'
  | 'shell'
  | 'server_tool'
  | 'citation_token'
  | 'web_search_source'
  | 'web_fetch'
  | 'code_execution'
  | 'search_unit'
  | 'audio_second'
  | 'request'
  | 'request_low'
  | 'request_medium'

export type Units = Partial<Record<UnitName, number>>

/** No call uses as many: larger numbers are mistakes, and one of them would spend every budget. */
const mostOfUnit = 1e12

/** Eleven days: the longest sound that a vendor takes lasts some hours. */
const mostSeconds = 1e6

/** The units of a report that are above zero. Seconds may have a fraction; what is no amount is left out and marked. */
export function reportedUnitsOf(usage: ReportedUsage, marks: Set<string>): Units {
  const units: Units = {}
  add(units, 'web_search', usage.webSearchRequests, marks)
  add(units, 'web_search_preview', usage.webSearchPreviewRequests, marks)
  add(units, 'file_search', usage.fileSearchRequests, marks)
  add(units, 'maps_grounding', usage.mapsGroundingRequests, marks)
  add(units, 'image_generation', usage.imageGenerationRequests, marks)
  add(units, 'shell', usage.shellRequests, marks)
  add(units, 'server_tool', usage.serverToolRequests, marks)
  add(units, 'citation_token', usage.citationTokens, marks)
  add(units, 'web_search_source', usage.webSearchSources, marks)
  add(units, 'web_fetch', usage.webFetchRequests, marks)
  add(units, 'code_execution', usage.codeExecutionRequests, marks)
  add(units, 'search_unit', usage.searchUnits, marks)
  add(units, 'audio_second', usage.durationSeconds, marks)
  return units
}

function add(units: Units, unit: UnitName, amount: number | undefined, marks: Set<string>): void {
  if (amount === undefined || amount === 0) return
  if (amount > 0 && amount <= (unit === 'audio_second' ? mostSeconds : mostOfUnit)) units[unit] = amount
  else marks.add('count_invalid')
}
