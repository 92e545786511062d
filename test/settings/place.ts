import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { emptyPayer } from '#core/attribution/payer.ts'
import type { NewKey } from '#core/keys/key.ts'
import type { Clock, Settings } from '#ports.ts'
import { openSettings, settingsFile } from '#store/settings/open.ts'

export interface SettableClock extends Clock {
  nowMs: number
}

export function settableClock(nowMs: number): SettableClock {
  return {
    nowMs,
    wallMs() {
      return this.nowMs
    },
    monotonicMs() {
      return this.nowMs
    },
  }
}

/** A path for settings in a directory of its own, removed after the test. */
export function settingsPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-settings-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, settingsFile)
}

export async function opened(t: TestContext, path: string, clock: Clock = settableClock(1_000)): Promise<Settings> {
  const settings = await openSettings({ path, clock })
  t.after(() => settings.close())
  return settings
}

export function newKey(name: string, rest: Partial<NewKey> = {}): NewKey {
  return { name, attribution: emptyPayer, mayOverride: null, models: null, mayBill: null, expiresAtMs: null, ...rest }
}
