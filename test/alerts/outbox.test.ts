import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { deliverWithinMs } from '#core/alerting/outbox.ts'
import { openSettingsAndAlerts, settingsFile } from '#store/settings/open.ts'

test('what a receiver is to have outlasts a long weekend, what nobody is to have does not', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tg-'))
  const clock = { wallMs: () => 0, monotonicMs: () => 0 }
  const { settings, alerts: store } = await openSettingsAndAlerts({ path: join(directory, settingsFile), clock })
  t.after(async () => {
    await settings.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const madeAtMs = 1_000
  const notifications = ['ops', 'gone'].map((receiver) => ({ id: `n-${receiver}`, receiver, body: '{}', eventIds: [] }))
  await store.commit({ nowMs: madeAtMs, events: [], notifications, state: {}, outcomes: [] })
  await store.expire(madeAtMs + deliverWithinMs, ['ops'])
  assert.deepEqual(Object.fromEntries(await store.waiting()), { ops: 1, gone: 1 })
  await store.expire(madeAtMs + 4 * deliverWithinMs, ['ops'])
  assert.deepEqual(Object.fromEntries(await store.waiting()), { ops: 1 })
})
