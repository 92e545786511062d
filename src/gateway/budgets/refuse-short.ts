import type { Short } from '#core/budget/short.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import { type Refusal, refused } from '../refusal.ts'

interface RefusalParts {
  readonly status: 402 | 429
  readonly headers: readonly string[]
  /** Sentences about the call itself, behind a space. */
  readonly hint?: string
}

/** Tells the caller which limit is in the way, how far it is used, and when it is reset. */
export function refuseShort(short: Short, { status, headers, hint = '' }: RefusalParts): Refusal {
  const { budget, quantity, window, retryAfterMs } = short
  switch (short.kind) {
    case 'not_ready': {
      const message = `What was spent of the budget "${budget}" is being added up from the journal; try again in a moment.`
      return { ...refused('budget_not_ready', message), retryAfterMs }
    }
    case 'limited': {
      const what = quantity === 'concurrent' ? 'calls at once' : `${quantity} per ${window}`
      const message =
        quantity === 'tokens' && short.available > 0n
          ? `The limit of ${short.limit} ${what} of "${budget}" has ${short.available} left, and this call may use more.`
          : `The limit of ${short.limit} ${what} of "${budget}" is reached.`
      const marks = [`limited:${budget}:${quantity}:${window ?? ''}`]
      return {
        ...refused('rate_limited', quantity === 'tokens' ? message + hint : message),
        retryAfterMs,
        headers,
        marks,
      }
    }
    case 'budget': {
      const amounts = `limit ${usd(short.limit)}, spent ${usd(short.spent)}, held for calls under way ${usd(short.held)} USD`
      const reset = short.windowEndMs === null ? '' : ` It is reset at ${new Date(short.windowEndMs).toISOString()}.`
      const message = `The budget "${budget}" for this ${window} cannot pay for this call: ${amounts}.${reset}${hint}`
      return { ...refused('budget_exceeded', message), status, marks: [`budget_exceeded:${budget}:${window}`] }
    }
  }
}

/** At least cents, and no zeros behind that say nothing. */
function usd(amount: bigint): string {
  return formatUsd(picoUsd(amount)).replace(/(\.\d\d)(\d*?)0*$/, '$1$2')
}
