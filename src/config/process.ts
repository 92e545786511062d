import { readFileSync } from 'node:fs'
import { faultLine } from './faults.ts'
import { type ConfigSources, type LoadedConfig, loadConfig } from './load.ts'

/** What this process was started with: the only place that reads the environment and the configuration file. */
export function processSources(overrides: Readonly<Record<string, string>> = {}): ConfigSources {
  return {
    env: { ...process.env, ...overrides },
    cwd: process.cwd(),
    readFile: (path) => readFileSync(path, 'utf8'),
  }
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
