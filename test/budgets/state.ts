import assert from 'node:assert/strict'
import { request } from 'node:http'
import { join } from 'node:path'
import type { BudgetsAnswer, LimitAnswer } from '#compose/gateway/budgets-answer.ts'
import type { LedgerEntry, SettleEntry } from '#core/ledger/entry.ts'
import type { Stack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'

/** What the gateway over this data directory answers the processes beside it. */
export function budgetsAt(dataDir: string): Promise<BudgetsAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: join(dataDir, 'run', 'gateway.sock'), path: '/budgets', agent: false },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          text += chunk
        })
        answer.on('end', () => resolve(JSON.parse(text) as BudgetsAnswer))
        answer.on('error', reject)
      },
    )
    asked.on('error', reject)
    asked.end()
  })
}

/** One limit as it is now, waiting until it is known what was spent. */
export async function limitOf(
  dataDir: string,
  budget: string,
  { quantity = 'usd', window = 'day' }: { quantity?: LimitAnswer['quantity']; window?: LimitAnswer['window'] } = {},
): Promise<LimitAnswer> {
  const found = await until(`the ${quantity} of ${budget}`, async () => {
    const { limits } = await budgetsAt(dataDir)
    return (
      limits.find((limit) => limit.budget === budget && limit.quantity === quantity && limit.window === window) ?? null
    )
  })
  return found
}

/** Whose calls each budget is about; without a word all. */
export type Scopes = Readonly<Record<string, (call: SettleEntry['call']) => boolean>>

/**
 * Waits until no call holds anything, and checks that every limit has spent what the ledger says of its window, to the
 * last digit.
 */
export async function checkBooks(dataDir: string, ledger: () => Promise<readonly LedgerEntry[]>, scopes: Scopes = {}) {
  const { limits } = await until('all holds to end', async () => {
    const answer = await budgetsAt(dataDir)
    return answer.pending.length === 0 && answer.limits.every(({ held }) => held === '0') ? answer : null
  })
  const entries = await ledger()
  for (const limit of limits) {
    assert.equal(
      BigInt(limit.spent),
      spentIn(entries, limit, scopes),
      `${limit.budget} ${limit.quantity} ${limit.window}`,
    )
    assert.equal(BigInt(limit.limit) - BigInt(limit.spent), BigInt(limit.available))
  }
  return limits
}

export async function checkStack(stack: Stack, scopes?: Scopes): Promise<readonly LimitAnswer[]> {
  return checkBooks(stack.dataDir, () => stack.journal(), scopes)
}

/** By a reader of the ledger that knows nothing of how budgets are kept. */
function spentIn(entries: readonly LedgerEntry[], limit: LimitAnswer, scopes: Scopes): bigint {
  const { quantity, windowStartMs, windowEndMs } = limit
  if (quantity === 'concurrent' || windowStartMs === null || windowEndMs === null) return 0n
  let sum = 0n
  for (const entry of entries) {
    if (entry.kind !== 'settle' || entry.outcome === 'refused') continue
    const { call, cost, tokens } = entry
    if (call.startedAtMs < windowStartMs || call.startedAtMs >= windowEndMs) continue
    if (scopes[limit.budget]?.(call) === false) continue
    if (quantity === 'usd') sum += cost.totalPicoUsd
    else sum += quantity === 'tokens' ? BigInt(tokens.input + tokens.output) : 1n
  }
  return sum
}
