import type { Config } from '#config/config.ts'
import { GatewaySilent } from '#console/problems.ts'
import type { BudgetBoard } from '#console/route.ts'
import type { LimitStatus } from '#core/budget/budget.ts'
import { askSocket } from '#edge/socket-client.ts'
import { dataPath } from '#store/data-paths.ts'
import type { BudgetsAnswer, LimitAnswer } from '../gateway/budgets-answer.ts'

/** What the console shows of budgets: the configuration is its own, the rest it asks the gateway, who holds the money. */
export function budgetBoard(config: () => Config): BudgetBoard {
  return {
    configured: () => config().budgets,
    async states() {
      const answer = await askSocket(dataPath(config().dataDir, 'gatewaySocket'), '/budgets')
      if (answer === null) throw new GatewaySilent(silent)
      const { limits, pending, unreadable } = JSON.parse(answer) as BudgetsAnswer
      return { limits: limits.map(stateOf), pending, unreadable }
    },
  }
}

const silent =
  'The gateway does not answer, and only it knows what budgets have spent and hold. "tollgate serve" starts it; where it is being started again, try in a moment.'

function stateOf(answer: LimitAnswer): LimitStatus {
  const { limit, spent, held, available, forecast } = answer
  return {
    ...answer,
    limit: BigInt(limit),
    spent: BigInt(spent),
    held: BigInt(held),
    available: BigInt(available),
    forecast: forecast === null ? null : BigInt(forecast),
  }
}
