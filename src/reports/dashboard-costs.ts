import type { GroupKey, RecordFilter, Sums } from '#core/ledger/questions.ts'
import type { UsageStore } from '#ports.ts'
import { startOfDayBefore } from './times.ts'

/** As dashboards of hosted relays read it; amounts are JSON numbers, so not exact. */
interface DashboardCosts {
  readonly daily: readonly { date: string; total: number; tokens: number; latency_ms: number | null }[]
  readonly top_users: readonly { cost_center: string; cost: number }[]
  /** `share` is the model's part of the total cost, from 0 to 1. */
  readonly by_model: readonly {
    model: string
    input_tokens: number
    output_tokens: number
    cost: number
    share: number
  }[]
}

interface DashboardQuestion {
  readonly days: number
  readonly nowMs: number
  readonly filters: readonly RecordFilter[]
  readonly timezone: string
}

const topCostCenters = 10
const mostRows = 1000

/** What usage cost in the last so many days, today among them: by day, by cost center, by model. */
export async function dashboardCosts(store: UsageStore, question: DashboardQuestion): Promise<DashboardCosts> {
  const { days, nowMs, filters, timezone } = question
  const range = { fromMs: startOfDayBefore(nowMs, days - 1, timezone), toMs: nowMs + 1 }
  const by = async (key: GroupKey, maxRows = mostRows) =>
    await store.sums({ range, groupBy: [key], filters, timezone, percentiles: false, maxRows })
  const [daily, costCenters, models] = await Promise.all([
    by({ bucket: 'day' }),
    by({ field: 'cost_center' }, topCostCenters),
    by({ field: 'model' }),
  ])
  const totalCost = Number(models.total.costUsd)
  return {
    daily: daily.rows.map(({ group, sums }) => ({
      date: group[0] ?? '',
      total: Number(sums.costUsd),
      tokens: Number(sums.totalTokens),
      latency_ms: sums.latencyMs === null ? null : Math.round(sums.latencyMs.mean),
    })),
    top_users: costCenters.rows.map(({ group, sums }) => ({ cost_center: group[0] ?? '', cost: Number(sums.costUsd) })),
    by_model: models.rows.map(({ group, sums }) => ({ model: group[0] ?? '', ...modelSums(sums, totalCost) })),
  }
}

function modelSums(sums: Sums, totalCost: number) {
  const cost = Number(sums.costUsd)
  return {
    input_tokens: Number(sums.inputTokens),
    output_tokens: Number(sums.outputTokens),
    cost,
    share: totalCost === 0 ? 0 : cost / totalCost,
  }
}
