import type { RateCard } from './rate-card.ts'

const dayMs = 86_400_000

/** When a price list holds. */
export type CardCondition =
  | { readonly kind: 'always' }
  | { readonly kind: 'from'; readonly fromMs: number; readonly label: string }
  /** Every day between two times of day, UTC, half-open; over midnight where the end is before the start. */
  | { readonly kind: 'daily'; readonly startMs: number; readonly endMs: number; readonly label: string }

export interface ConditionalCard {
  readonly condition: CardCondition
  readonly card: RateCard
}

/** The last one that holds; the first one where none does, because a catalog's first entry is its oldest. */
export function cardAt(cards: readonly ConditionalCard[], atMs: number): ConditionalCard | null {
  return cards.findLast((card) => holds(card.condition, atMs)) ?? cards[0] ?? null
}

function holds(condition: CardCondition, atMs: number): boolean {
  switch (condition.kind) {
    case 'always':
      return true
    case 'from':
      return atMs >= condition.fromMs
    case 'daily': {
      const timeMs = atMs - Math.floor(atMs / dayMs) * dayMs
      const { startMs, endMs } = condition
      return endMs < startMs ? timeMs >= startMs || timeMs < endMs : timeMs >= startMs && timeMs < endMs
    }
  }
}

/** A half-open stretch of time. */
export interface Interval {
  readonly fromMs: number
  readonly untilMs: number
}

/** The largest stretch around an instant in which no condition changes and none of the other `changesMs` falls. */
export function steadyAround(
  atMs: number,
  conditions: readonly CardCondition[],
  changesMs: readonly number[],
): Interval {
  let fromMs = Number.NEGATIVE_INFINITY
  let untilMs = Number.POSITIVE_INFINITY
  const consider = (instantMs: number) => {
    if (instantMs <= atMs) fromMs = Math.max(fromMs, instantMs)
    else untilMs = Math.min(untilMs, instantMs)
  }
  for (const instantMs of changesMs) consider(instantMs)
  for (const condition of conditions) {
    if (condition.kind === 'from') consider(condition.fromMs)
    if (condition.kind !== 'daily') continue
    const today = Math.floor(atMs / dayMs)
    for (const day of [today - 1, today, today + 1]) {
      consider(day * dayMs + condition.startMs)
      consider(day * dayMs + condition.endMs)
    }
  }
  return { fromMs, untilMs }
}
