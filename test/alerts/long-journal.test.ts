import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '#config/load.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import type { EntryFeed } from '#ports.ts'
import type { AlertRules } from '#reactions/alerts/engine.ts'
import { AlertRuntime } from '#reactions/alerts/runtime.ts'
import { openSettingsAndAlerts } from '#store/settings/open.ts'
import { openSqlite } from '#store/settings/sqlite.ts'
import { settingsPath } from '#test/settings/place.ts'
import { spent } from './entries.ts'

const batches = 40
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** A journal that is all there: nothing in reading it waits for anything. */
async function wholeFeed(): Promise<EntryFeed> {
  const closed = Promise.withResolvers<void>()
  let read = 0
  return {
    async next() {
      if (read === batches) return { entries: [], bookmark: null, skipped: 0 }
      read += 1
      return { entries: [spent({ callId: `c${read}`, atMs: read })], bookmark: String(read), skipped: 0 }
    },
    more: () => closed.promise,
    close: async () => closed.resolve(),
  }
}

function rules(yaml: string): AlertRules {
  const loaded = loadConfig({ env: { TOLLGATE_CONFIG: 'test.yaml' }, cwd: '/', readFile: () => yaml })
  assert.ok(loaded.ok)
  const { budgets, alerts } = loaded.config
  return { budgets, live: alerts.live, receivers: [], routes: alerts.routes, inhibit: [] }
}

async function runtime(t: TestContext): Promise<AlertRuntime> {
  const { settings, alerts: store } = await openSettingsAndAlerts({ path: settingsPath(t), clock: systemClock })
  const parts = { store, openFeed: wholeFeed, clock: systemClock, timers: systemTimers, log: quiet }
  const made = new AlertRuntime({ ...parts, onNotified: () => undefined }, rules(''))
  t.after(async () => {
    await made.stop()
    await settings.close()
  })
  return made
}

/** How often others had their turn until it was done. */
async function turnsUntil(done: () => boolean): Promise<number> {
  for (let turns = 0; ; turns += 1) {
    if (done()) return turns
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('while alerts read a long journal everybody else gets on', async (t) => {
  const alerts = await runtime(t)
  alerts.start()
  assert.ok((await turnsUntil(() => alerts.state().entries === batches)) >= batches)
})

test('so they do while it is read again for a budget that is new', async (t) => {
  const alerts = await runtime(t)
  alerts.start()
  await turnsUntil(() => alerts.state().entries === batches)
  let isUsed = false
  const used = alerts
    .use(rules('budgets: [{name: new, scope: {}, limits: [{window: day, usd: "1"}]}]'))
    .then(() => (isUsed = true))
  assert.ok((await turnsUntil(() => isUsed)) >= batches)
  await used
})

test('an alert that is over is found among all those before it by an index alone', async (t) => {
  const path = settingsPath(t)
  const { settings } = await openSettingsAndAlerts({ path, clock: systemClock })
  await settings.close()
  const { connection } = openSqlite(path)
  t.after(() => connection.close())
  const plan = connection
    .prepare(
      `EXPLAIN QUERY PLAN UPDATE alert_events SET resolved_at_ms = ?, resolved_by = ?
       WHERE fingerprint = ? AND status = ? AND resolved_at_ms IS NULL AND at_ms <= ?`,
    )
    .all(1, 'a', 'b', 'firing', 2)
  const [step] = plan
  assert.match(String(step?.['detail']), /\(fingerprint=\? AND status=\? AND resolved_at_ms=\? AND at_ms<\?\)/)
})
