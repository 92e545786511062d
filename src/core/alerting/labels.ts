import type { Budget } from '#core/budget/budget.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'

type Labels = Readonly<Record<string, string>>

/** Who made a call, and what was called. What nobody said is an empty text. */
export function labelsOfCall({ call }: SettleEntry): Labels {
  const { payer } = call
  return {
    department: payer.department,
    project: payer.project,
    cost_center: payer.costCenter,
    user_id: payer.userId,
    key: call.keyId,
    model: call.modelRouted,
    provider: call.upstream,
  }
}

/** Whom a budget is about, as far as its scope names exactly one. */
export function labelsOfBudget({ scope }: Budget): Labels {
  return {
    department: only(scope.payer.department),
    project: only(scope.payer.project),
    cost_center: only(scope.payer.costCenter),
    user_id: only(scope.payer.userId),
    key: only(scope.keys),
    model: only(scope.models),
    provider: only(scope.providers),
  }
}

function only(values: readonly string[] | null | undefined): string {
  return values?.length === 1 ? (values[0] ?? '') : ''
}
