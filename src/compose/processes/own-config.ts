import type { Config } from '#config/config.ts'
import { loadConfigOrExit, processSources } from '#config/process.ts'
import { watchConfig } from '#config/watch.ts'
import { systemTimers } from '#edge/system.ts'
import type { Log } from '#lib/log.ts'

interface OwnConfig {
  readonly config: Config
  /** Hands on each later version, on SIGHUP and when the file changes. */
  follow(apply: (config: Config) => void, log: Log): void
}

/** The configuration as this process finds it. Where it has faults, the process ends with code 2. */
export function readOwnConfig(): OwnConfig {
  const { config, source } = loadConfigOrExit(processSources())
  return {
    config,
    follow(apply, log) {
      const watch = watchConfig({
        ...{ sources: processSources(), timers: systemTimers, current: config, source },
        ...tellingChanges(log, apply),
      })
      process.on('SIGHUP', () => watch.reload())
    },
  }
}

/** What is said of a configuration that was read again. */
export function tellingChanges(log: Log, apply: (config: Config) => void) {
  return {
    onConfig: (next: Config, notes: readonly string[]): void => {
      apply(next)
      log.info(`the configuration was read again${notes.length === 0 ? '' : `; ${notes.join('; ')}`}`)
    },
    onFaults: (lines: readonly string[]): void => {
      log.error(`the new configuration has faults, the old one stays in force: ${lines.join(' | ')}`)
    },
  }
}
