import type { PicoUsd } from '#core/money/pico-usd.ts'

/** What is watched beside budgets. Null = it is not. */
export interface LiveThresholds {
  readonly hourlyCost: {
    readonly totalPicoUsd: PicoUsd | null
    /** Model (as routed, any spelling of case) → limit. */
    readonly models: Readonly<Record<string, PicoUsd>>
  } | null
  readonly outputTokens: { readonly models: Readonly<Record<string, number>>; readonly others: number } | null
  /** The same prompt more often than this within an hour. */
  readonly duplicatePrompts: number | null
  readonly upstreamErrors: {
    readonly percent: number
    readonly leastCalls: number
    readonly windowMs: number
  } | null
  readonly unpricedModels: boolean
}
