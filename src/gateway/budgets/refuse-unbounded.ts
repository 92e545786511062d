import { type Refusal, refused } from '../refusal.ts'
import type { Bound, Minding } from './bound.ts'

/** For a budget that takes no call of which nobody says what it can cost. */
export function refuseUnbounded(bound: Bound, { budget }: Minding): Refusal {
  return unboundedRefusal(budget, `${reasons(bound)}.${remedies(bound)}`)
}

/** The same of a batch. */
export function refuseUnboundedWork(budget: string): Refusal {
  return unboundedRefusal(budget, 'a batch is billed when it is done, for whatever stands in it.')
}

function unboundedRefusal(budget: string | null, why: string): Refusal {
  const message = `The budget "${budget}" takes no call without a bound of its cost: ${why}`
  return { ...refused('call_unbounded', message), marks: [`call_unbounded:${budget}`] }
}

/**
 * What a caller whose call did not fit is told beside where the budget stands: that much is held because nobody bounds
 * the call, and what to set where the call would fit then. Empty where it has a bound.
 */
export function unboundedHint(bound: Bound, availablePicoUsd: bigint | null): string {
  if (bound.minding === null) return ''
  const usual = bound.minding.rule === 'assume' ? 'what such calls usually take' : 'several times what is usual'
  const why = ` Nobody says what this call can cost at most (${reasons(bound)}), so ${usual} has to fit.`
  const helps = availablePicoUsd === null || bound.withLeastUses().most.picoUsd <= availablePicoUsd
  return helps ? why + remedies(bound) : why
}

function reasons(bound: Bound): string {
  return bound
    .openEnds()
    .map(({ why }) => why)
    .join('; ')
}

/** Empty where nothing that the caller can set is enough. */
function remedies(bound: Bound): string {
  const ends = bound.openEnds()
  const named = [...new Set(ends.flatMap(({ remedy }) => (remedy === null ? [] : [remedy])))]
  if (named.length === 0 || ends.some(({ remedy }) => remedy === null)) return ''
  return ` With ${named.join(' and ')} in the request it has a bound.`
}
