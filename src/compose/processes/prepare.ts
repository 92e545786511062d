import type { Config } from '#config/config.ts'
import type { Environment } from '#config/environment.ts'
import { loadConfigOrExit, type ReadableConfig, sourcesIn } from '#config/process.ts'
import { type ConfigWatch, watchConfig } from '#config/watch.ts'
import { systemTimers } from '#edge/system.ts'
import { errorCode, errorText } from '#lib/error-text.ts'
import { createLog, type Log } from '#lib/log.ts'
import { openToAll, prepareDataDirectory } from '#store/data-directory.ts'
import { type Instance, takeInstance } from './instance.ts'
import { tellingChanges } from './own-config.ts'
import { startFaultLine } from './start-faults.ts'

/** What stands before the first role may begin its work. */
export interface Prepared {
  readonly loaded: ReadableConfig
  readonly log: Log
  readonly instance: Instance
  /** Calls back whenever a new configuration is in force. */
  watch(onConfig: (config: Config) => void): ConfigWatch
}

/**
 * Reads the configuration, takes the data directory, makes the first secrets; or answers with what keeps Tollgate from
 * starting, for people. Ends the process with code 2 where the configuration has faults.
 */
export async function prepare(env: Environment): Promise<Prepared | string> {
  const sources = sourcesIn(env)
  const loaded = loadConfigOrExit(sources)
  const { config } = loaded
  try {
    prepareDataDirectory(config.dataDir)
    const instance = await takeInstance(config)
    const log = createLog({ level: config.logLevel, format: config.logFormat, name: 'supervisor' })
    const open = openToAll(config.dataDir)
    if (open !== null) log.warn(open)
    const watch: Prepared['watch'] = (onConfig) =>
      watchConfig({
        ...{ sources, timers: systemTimers, current: config, source: loaded.source },
        ...tellingChanges(log, onConfig),
      })
    return { loaded, log, instance, watch }
  } catch (error) {
    return startFaultLine(errorCode(error), config) ?? errorText(error)
  }
}
