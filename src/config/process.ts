import { readFileSync } from 'node:fs'
import { type Environment, processEnvironment } from './environment.ts'
import { faultLine } from './faults.ts'
import { type ConfigSources, type LoadedConfig, loadConfig } from './load.ts'

/** What a process with this environment is configured by. */
export function sourcesIn(env: Environment): ConfigSources {
  const terminal = process.stderr.isTTY === true
  return { env, cwd: process.cwd(), readFile: (path) => readFileSync(path, 'utf8'), terminal }
}

/** What this process was started with. */
export function processSources(overrides: Readonly<Record<string, string>> = {}): ConfigSources {
  return sourcesIn(processEnvironment(overrides))
}

export type ReadableConfig = Extract<LoadedConfig, { ok: true }>

/** The configuration of this process. Where it has faults: one line each on stderr, and the process ends with code 2. */
export function loadConfigOrExit(sources: ConfigSources): ReadableConfig {
  const loaded = loadConfig(sources)
  if (loaded.ok) return loaded
  const { faults, source } = loaded
  const from = source.path === null ? 'the environment' : source.path
  process.stderr.write(
    `tollgate: ${faults.length === 1 ? 'a fault' : `${faults.length} faults`} in the configuration (${from})\n`,
  )
  for (const fault of faults) process.stderr.write(`${faultLine(fault)}\n`)
  process.exit(2)
}
