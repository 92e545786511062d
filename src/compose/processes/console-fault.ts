import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dataPath } from '#store/data-paths.ts'

/** Writes down why there is no console, for `consoleFault`; null: there is one. Never throws: it only makes a message better. */
export function noteConsoleFault(dataDir: string, fault: string | null): void {
  const path = dataPath(dataDir, 'consoleFault')
  try {
    if (fault === null) rmSync(path, { force: true })
    else writeFileSync(path, fault, { mode: 0o600 })
  } catch {
    // A full disk, most likely: the log has it as well.
  }
}

/** Why the console of a running Tollgate is not there, as its supervisor last saw it; null where it does not say. */
export function consoleFault(dataDir: string): string | null {
  try {
    return readFileSync(dataPath(dataDir, 'consoleFault'), 'utf8').trim() || null
  } catch {
    return null
  }
}
