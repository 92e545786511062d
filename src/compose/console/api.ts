import type { Config } from '#config/config.ts'
import { createConsole } from '#console/app.ts'
import type { Access } from '#console/route.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import type { UsageStore } from '#ports.ts'
import { version } from '../version.ts'
import type { AlertSide } from './alerts.ts'
import { budgetBoard } from './budget-board.ts'
import type { RequestFaults } from './request-faults.ts'
import type { UsageSide } from './usage-side.ts'

interface ApiParts {
  readonly usage: UsageSide
  readonly alerts: AlertSide
  /** As it is in force now. */
  readonly config: () => Config
  readonly faults: RequestFaults
}

/** The API over what a console consists of. `access`: null = whoever asks is trusted with everything. */
export function apiOver({ usage, alerts, config, faults }: ApiParts, access: Access | null) {
  const board = budgetBoard(config)
  return createConsole({
    store: watched(usage.store, faults),
    ingest: usage.ingest,
    alerts: alerts.desk,
    budgets: { ...board, states: () => faults.asking('gateway_unreachable', () => board.states()) },
    clock: systemClock,
    timers: systemTimers,
    version,
    access,
    onFault: faults.failed,
  })
}

/** What is asked of the store, so that it is noticed when it is back. */
function watched(store: UsageStore, faults: RequestFaults): UsageStore {
  return {
    sums: (question) => faults.asking('store_unreachable', () => store.sums(question)),
    records: (question) => faults.asking('store_unreachable', () => store.records(question)),
    booked: (question) => faults.asking('store_unreachable', () => store.booked(question)),
  }
}
