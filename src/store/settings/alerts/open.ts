import type { AlertStore } from '#ports.ts'
import type { SettingsDatabase } from '../schema.ts'
import { commitAlerts } from './commit.ts'
import { findAlert, listAlerts } from './list.ts'
import { expirePending, nextPending, pruneAlerts, replayAlert, waitingByReceiver } from './outbox.ts'
import { addSilence, endSilence, listSilences } from './silences.ts'

/**
 * What is kept of alerts in the settings. Over the connection that the settings themselves use: two of one process would
 * wait for each other, and the one that waits keeps the other from ending.
 */
export function alertStoreOver(database: SettingsDatabase): AlertStore {
  const inOne = <Answer>(run: (transaction: SettingsDatabase) => Promise<Answer>) => database.transaction().execute(run)
  return {
    commit: (commit) => inOne((transaction) => commitAlerts(transaction, commit)),
    async state() {
      const rows = await database.selectFrom('alert_state').selectAll().execute()
      return new Map(rows.map(({ part, value }) => [part, value]))
    },
    nextPending: (receiver) => nextPending(database, receiver),
    expire: (nowMs, receivers) => expirePending(database, nowMs, receivers),
    alerts: (question) => listAlerts(database, question),
    alert: (id) => findAlert(database, id),
    waiting: () => waitingByReceiver(database),
    replay: (alertId, nowMs) => inOne((transaction) => replayAlert(transaction, alertId, nowMs)),
    silences: (nowMs) => listSilences(database, nowMs),
    addSilence: (silence, nowMs) => addSilence(database, silence, nowMs),
    endSilence: (id, nowMs) => endSilence(database, id, nowMs),
    prune: (beforeMs) => inOne((transaction) => pruneAlerts(transaction, beforeMs)),
  }
}
