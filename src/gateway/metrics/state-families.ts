import type { LimitStatus } from '#core/budget/budget.ts'
import { usdOfPico } from './amounts.ts'
import { payerDefinitions, stateDefinitions as state } from './definitions.ts'
import { type Definition, type Family, familyOf, sampleOf, singleOf } from './family.ts'
import type { HistogramCell } from './histogram-cell.ts'
import { noValue } from './label-caps.ts'

/** What a scrape reads of the gateway at its time. */
interface GatewayState {
  readonly version: string
  readonly nodeVersion: string
  readonly callsInFlight: number
  readonly ready: boolean
  readonly journal: JournalState
  /** Of the budgets of which it is known what was spent. */
  readonly limits: readonly LimitStatus[]
  /** See `departmentBudgets`. */
  readonly departments: ReadonlyMap<string, string>
}

interface JournalState {
  /** Null where it cannot be read. */
  readonly sizeBytes: number | null
  readonly freeBytes: number
  readonly writtenBytes: number
  readonly refusing: boolean
  readonly opens: number
  readonly settles: number
  readonly syncs: HistogramCell
}

/** Pure. */
export function stateFamilies(now: GatewayState, prefixes: readonly string[]): Family[] {
  return [
    singleOf(state.inFlight, now.callsInFlight),
    singleOf(state.ready, now.ready ? 1 : 0),
    familyOf(state.buildInfo, [sampleOf(state.buildInfo, [now.version, now.nodeVersion], 1)]),
    ...journalFamilies(now.journal),
    ...budgetFamilies(now.limits),
    ...prefixes.flatMap((prefix) => monthlyFamilies(now, prefix)),
  ]
}

function journalFamilies(journal: JournalState): Family[] {
  return [
    ...(journal.sizeBytes === null ? [] : [singleOf(state.journalSize, journal.sizeBytes)]),
    singleOf(state.journalWritten, journal.writtenBytes),
    singleOf(state.journalFree, journal.freeBytes),
    singleOf(state.journalRefusing, journal.refusing ? 1 : 0),
    familyOf(state.journalEntries, [
      sampleOf(state.journalEntries, ['open'], journal.opens),
      sampleOf(state.journalEntries, ['settle'], journal.settles),
    ]),
    familyOf(state.journalSync, journal.syncs.samples(state.journalSync, [])),
  ]
}

function budgetFamilies(limits: readonly LimitStatus[]): Family[] {
  const gauge = (definition: Definition, value: (status: LimitStatus) => number | null): Family =>
    familyOf(
      definition,
      limits.flatMap((status) => {
        const amount = value(status)
        return amount === null ? [] : [sampleOf(definition, labelsOf(status), amount)]
      }),
    )
  const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000)
  return [
    gauge(state.budgetLimit, (status) => inUnit(status, status.limit)),
    gauge(state.budgetSpent, (status) => inUnit(status, status.spent)),
    gauge(state.budgetHeld, (status) => inUnit(status, status.held)),
    gauge(state.budgetAvailable, (status) => inUnit(status, status.available)),
    gauge(state.budgetForecast, (status) => (status.forecast === null ? null : inUnit(status, status.forecast))),
    gauge(state.windowStart, (status) => seconds(status.windowStartMs)),
    gauge(state.windowEnd, (status) => seconds(status.windowEndMs)),
  ]
}

function labelsOf({ budget, window, quantity }: LimitStatus): string[] {
  return [budget, window ?? noValue, quantity]
}

/** Money in USD, the nearest double; what is counted as it is. */
function inUnit({ quantity }: LimitStatus, amount: bigint): number {
  return quantity === 'usd' ? usdOfPico(amount) : Number(amount)
}

function monthlyFamilies({ limits, departments }: GatewayState, prefix: string): Family[] {
  const { monthlyUsed, monthlyLimit } = payerDefinitions(prefix)
  const monthly = limits.flatMap((status) => {
    const department = departments.get(status.budget)
    const fits = status.quantity === 'usd' && status.window === 'month' && department !== undefined
    return fits ? [{ department, status }] : []
  })
  return [
    familyOf(
      monthlyUsed,
      monthly.map(({ department, status }) => sampleOf(monthlyUsed, [department], usdOfPico(status.spent))),
    ),
    familyOf(
      monthlyLimit,
      monthly.map(({ department, status }) => sampleOf(monthlyLimit, [department], usdOfPico(status.limit))),
    ),
  ]
}
