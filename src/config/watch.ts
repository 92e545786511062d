import { unwatchFile, watchFile } from 'node:fs'
import type { Timer, Timers } from '#ports.ts'
import type { Config } from './config.ts'
import { faultLine } from './faults.ts'
import { type ConfigSources, loadConfig } from './load.ts'

export interface ConfigWatch {
  /** Reads again now, as on SIGHUP, also where the file seems unchanged. */
  reload(): void
  close(): void
}

export interface ConfigWatchers {
  readonly sources: ConfigSources
  readonly timers: Timers
  /** The configuration that is in force now. */
  readonly current: Config
  readonly path: string | null
  /** Called with each new configuration; `notes` say what of it takes effect only after a restart. */
  readonly onConfig: (config: Config, notes: readonly string[]) => void
  /** Called with a line per fault; the old configuration stays in force. */
  readonly onFaults: (lines: readonly string[]) => void
}

const pollMs = 500
/** Editors and `cp` write in steps: wait until they have finished. */
const settleMs = 200

/**
 * Watches the file and reads it again when it changes. Looks at it rather than subscribing to it: a file that is
 * replaced, or a link that is turned as Kubernetes does, is noticed all the same.
 */
export function watchConfig({ sources, timers, current, path, onConfig, onFaults }: ConfigWatchers): ConfigWatch {
  let inForce = current
  let pending: Timer | null = null
  const reload = () => {
    pending = null
    const loaded = loadConfig(sources)
    if (!loaded.ok) {
      onFaults(loaded.faults.map(faultLine))
      return
    }
    const notes = [...restartNotes(inForce, loaded.config), ...loaded.warnings]
    inForce = loaded.config
    onConfig(loaded.config, notes)
  }
  const changed = () => {
    pending?.cancel()
    pending = timers.after(settleMs, reload)
  }
  if (path !== null) watchFile(path, { interval: pollMs, persistent: false }, changed)
  return {
    reload,
    close: () => {
      pending?.cancel()
      if (path !== null) unwatchFile(path, changed)
    },
  }
}

const needRestart = ['listen', 'dataDir', 'journal', 'store', 'logFormat', 'adminToken'] as const

export function restartNotes(before: Config, after: Config): string[] {
  return needRestart
    .filter((setting) => JSON.stringify(before[setting]) !== JSON.stringify(after[setting]))
    .map((setting) => `${setting} has changed: it takes effect after a restart`)
}
