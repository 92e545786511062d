import { statSync } from 'node:fs'
import { errorCode } from '#lib/error-text.ts'
import type { Timer, Timers } from '#ports.ts'
import type { Config } from './config.ts'
import { type ConfigFault, faultLine } from './faults.ts'
import { type ConfigSource, type ConfigSources, loadConfig } from './load.ts'

export interface ConfigWatch {
  /** Reads again now, as on SIGHUP, also where the file seems unchanged. */
  reload(): void
  close(): void
}

interface ConfigWatchers {
  readonly sources: ConfigSources
  readonly timers: Timers
  /** The configuration that is in force now. */
  readonly current: Config
  /** Where it was read from. */
  readonly source: ConfigSource
  /** Called with each new configuration; `notes` say what of it takes effect only after a restart. */
  readonly onConfig: (config: Config, notes: readonly string[]) => void
  /** Called with a line per fault; the old configuration stays in force. */
  readonly onFaults: (lines: readonly string[]) => void
}

const pollMs = 500
const settleMs = 200

/**
 * Watches the file and reads it again when it changes. Looks at it rather than subscribing to it: a file that is
 * replaced, or a link that is turned as Kubernetes does, is noticed all the same.
 */
export function watchConfig({ sources, timers, current, source, onConfig, onFaults }: ConfigWatchers): ConfigWatch {
  let inForce = current
  let { blank } = source
  let digest = source.digest
  // Nothing is known of the file's looks yet: it may have changed since it was read, so the first look reads it.
  let looks = ''
  let timer: Timer | null = null
  const reload = (always: boolean) => {
    const loaded = loadConfig(sources)
    if (!always && loaded.source.digest === digest) return
    digest = loaded.source.digest
    if (!loaded.ok) return onFaults(loaded.faults.map(faultLine))
    // A start would do with defaults. Nobody asks for them by a file that is gone, or empty because it is being written.
    if (source.path !== null && !blank && loaded.source.blank) {
      return onFaults([faultLine(blankFault(source.path, loaded.source.path === null))])
    }
    const notes = [...restartNotes(inForce, loaded.config), ...loaded.warnings]
    inForce = loaded.config
    blank = loaded.source.blank
    onConfig(loaded.config, notes)
  }
  const look = (path: string) => {
    const now = looksOf(path)
    const changed = now !== looks
    looks = now
    timer = timers.after(changed ? settleMs : pollMs, () => {
      // Editors and `cp` write in steps: what still changes is looked at again before it is read.
      if (changed && looksOf(path) === looks) reload(false)
      look(path)
    })
  }
  if (source.path !== null) look(source.path)
  return { reload: () => reload(true), close: () => timer?.cancel() }
}

/** Whatever cannot be looked at, as on a network's disk that is away, is said when it is read. */
function looksOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path)
    return [ino, size, mtimeMs].join(':')
  } catch (error) {
    return String(errorCode(error) ?? 'unknown')
  }
}

function blankFault(path: string, gone: boolean): ConfigFault {
  const wrong = gone ? 'does not exist any more' : 'is empty'
  return { path, line: null, wrong, expected: 'a YAML file with settings, or a restart to go on without' }
}

/** Each as the file calls it. */
const needRestart = [
  ['listen', 'listen'],
  ['dataDir', 'data_dir'],
  ['journal', 'journal'],
  ['store', 'store'],
  ['retention', 'retention'],
  ['logFormat', 'log.format'],
  ['adminToken', 'TOLLGATE_ADMIN_TOKEN'],
] as const

function restartNotes(before: Config, after: Config): string[] {
  return needRestart
    .filter(([setting]) => JSON.stringify(before[setting]) !== JSON.stringify(after[setting]))
    .map(([, name]) => `${name} has changed: it takes effect after a restart`)
}
