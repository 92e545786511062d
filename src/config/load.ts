import { resolve } from 'node:path'
import type { ZodType } from 'zod'
import { errorCode } from '#lib/error-text.ts'
import { sha256Hex } from '#lib/secret.ts'
import { buildConfig, type Surroundings } from './build.ts'
import { crossCheck } from './checks.ts'
import type { Config } from './config.ts'
import { defaultConfigFile, environmentProviders } from './defaults.ts'
import { type Entries, type EntryParts, mayHave, type Names, type Numbered, type Part } from './entries.ts'
import type { Environment } from './environment.ts'
import type { ConfigFault } from './faults.ts'
import { lists, type ProviderEntry, type Singles, singles } from './file-schema.ts'
import { SectionReader } from './sections.ts'
import { readTelemetryEnvironment } from './telemetry.ts'
import { findWarnings } from './warnings.ts'
import { readYaml, type Tree } from './yaml.ts'

export interface ConfigSources {
  readonly env: Environment
  readonly cwd: string
  /** @throws an error with code `ENOENT` where there is no such file. */
  readonly readFile: (path: string) => string
  /** True where a person reads the log at a terminal: it is then `pretty` unless a setting says otherwise. */
  readonly terminal?: boolean
}

export interface ConfigSource {
  /** The file that was read; null where there is none. */
  readonly path: string | null
  /** Of the file's text: equal as long as nothing has changed in it. */
  readonly digest: string
  /** There is no text. */
  readonly blank: boolean
}

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly source: ConfigSource; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly faults: readonly ConfigFault[]; readonly source: ConfigSource }

/** Reads the file and the environment. Answers with a complete configuration, or with every fault found in them. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const faults: ConfigFault[] = []
  const { source, text } = findFile(sources, faults)
  const file = readYaml(text, sources.env)
  faults.push(...file.faults)
  const reader = new SectionReader(file, faults)
  const root = reader.root()
  const around = readEnvironment(sources, reader)
  const providers = reader.list(root, ['providers'], lists.providers)
  const listed = root['providers'] !== undefined && root['providers'] !== null
  const parts = readParts(root, reader)
  const found = listed ? [] : providersOfEnvironment(sources.env)
  const simulatedByDefault = !listed && found.length === 0
  const unlisted = simulatedByDefault ? [simulated] : found
  const incoming = reader.list(root, ['incoming'], lists.incoming)
  const toldNames = providerNames(listed ? providers : [...found, simulated], incoming)
  const entries: Entries = {
    providers: listed ? providers : unlisted,
    aliases: reader.list(root, ['aliases'], lists.aliases),
    keys: reader.list(root, ['keys'], lists.keys),
    prices: reader.list(root, ['prices'], lists.prices),
    exchangeRates: reader.list(root, ['exchange_rates'], lists.exchange_rates),
    budgets: reader.list(root, ['budgets'], lists.budgets),
    incoming,
    alerts: reader.alerts(root),
    singles: { ...readSingles(root, reader), ...(around.listen === null ? {} : { listen: around.listen }) },
    parts: listed ? parts : { ...parts, providers: asParts(unlisted) },
    keyNames: reader.names(root, ['keys'], 'name'),
    providerNames: anyOf(
      new Set(toldNames),
      reader.names(root, ['incoming'], 'source'),
      reader.names(root, ['providers'], 'name'),
    ),
    toldNames,
    modelsComplete: parts.providers.every(knowsModels) && parts.aliases.every(({ entry }) => entry.name !== undefined),
  }
  if (Array.isArray(root['providers']) && root['providers'].length === 0) {
    reader.report(['providers'], 'is empty', 'at least one provider, or the setting left out')
  }
  crossCheck(entries, reader.report)
  if (faults.length > 0) return { ok: false, faults: inOrder(faults), source }
  const warnings = findWarnings(entries, around.adminToken)
  return { ok: true, config: buildConfig(entries, { ...around, simulatedByDefault }), source, warnings }
}

function readParts(root: { [key: string]: Tree }, reader: SectionReader): EntryParts {
  return {
    providers: reader.parts(root, ['providers'], lists.providers),
    aliases: reader.parts(root, ['aliases'], lists.aliases),
    keys: reader.parts(root, ['keys'], lists.keys),
    prices: reader.parts(root, ['prices'], lists.prices),
    exchangeRates: reader.parts(root, ['exchange_rates'], lists.exchange_rates),
    budgets: reader.parts(root, ['budgets'], lists.budgets),
    incoming: reader.parts(root, ['incoming'], lists.incoming),
    jwt: reader.part(root['jwt'], ['jwt'], singles.jwt.unwrap()),
  }
}

function knowsModels(provider: Part<ProviderEntry>): boolean {
  const { models, kind } = provider.entry
  return models !== undefined || (kind !== undefined && !mayHave(provider, 'models'))
}

function anyOf(...all: readonly Names[]): Names {
  return { has: (name) => all.some((names) => names.has(name)) }
}

function asParts<T>(entries: readonly Numbered<T>[]): Part<T>[] {
  return entries.map((entry) => ({ ...entry, wrong: new Set(), misnamed: false }))
}

function findFile(
  { env, cwd, readFile }: ConfigSources,
  faults: ConfigFault[],
): { source: ConfigSource; text: string } {
  const named = env['TOLLGATE_CONFIG'] || null
  const path = resolve(cwd, named ?? defaultConfigFile)
  try {
    const text = readFile(path)
    return { source: { path, digest: sha256Hex(text), blank: text.trim() === '' }, text }
  } catch (error) {
    const code = String(errorCode(error) ?? 'unknown')
    if (code === 'ENOENT' && named === null) return { source: { path: null, digest: '', blank: true }, text: '' }
    const wrong = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`
    const where = named === null ? path : `environment TOLLGATE_CONFIG: ${path}`
    faults.push({ path: where, line: null, wrong, expected: 'a readable YAML file' })
    return { source: { path, digest: code, blank: true }, text: '' }
  }
}

function readSingles(root: { [key: string]: Tree }, reader: SectionReader): Partial<Singles> {
  const read: Record<string, unknown> = {}
  for (const [section, schema] of Object.entries(singles)) {
    const tree = root[section]
    if (tree !== undefined && tree !== null) read[section] = reader.read<unknown>([section], tree, schema)
  }
  return read as Partial<Singles>
}

function readEnvironment(
  { env, cwd, terminal = false }: ConfigSources,
  reader: SectionReader,
): Omit<Surroundings, 'simulatedByDefault'> {
  const read = <T>(name: string, schema: ZodType<T>): T | null => {
    const value = env[name]
    return value === undefined || value === '' ? null : (reader.read([`environment ${name}`], value, schema) ?? null)
  }
  return {
    cwd,
    listen: read('TOLLGATE_LISTEN', singles.listen) ?? null,
    dataDir: read('TOLLGATE_DATA_DIR', singles.data_dir) ?? null,
    adminToken: env['TOLLGATE_ADMIN_TOKEN'] || null,
    logLevel: read('TOLLGATE_LOG_LEVEL', logLevel) ?? null,
    logFormat: read(env['TOLLGATE_LOG_FORMAT'] ? 'TOLLGATE_LOG_FORMAT' : 'LOG_FORMAT', logFormat) ?? null,
    usualLogFormat: terminal ? 'pretty' : 'json',
    telemetry: readTelemetryEnvironment(env, reader),
  }
}

const { level: logLevel, format: logFormat } = singles.log.unwrap().shape

function providersOfEnvironment(env: Environment): Numbered<ProviderEntry>[] {
  return environmentProviders.flatMap(({ variable, name, kind, baseUrl }, index) => {
    const apiKey = env[variable]?.trim()
    if (apiKey === undefined || apiKey === '') return []
    return [{ index, entry: { name, kind, api_key: apiKey, ...(baseUrl === null ? {} : { base_url: baseUrl }) } }]
  })
}

const simulated: Numbered<ProviderEntry> = { index: 0, entry: { name: 'simulated', kind: 'simulated' } }

/** What a price may name: providers, sources of usage metered elsewhere, and those that a key variable would turn on. */
function providerNames(providers: Entries['providers'], incoming: Entries['incoming']): string[] {
  const names = [
    ...providers.map(({ entry }) => entry.name),
    ...environmentProviders.map(({ name }) => name),
    ...incoming.map(({ entry }) => entry.source),
  ]
  return [...new Set(names)]
}

/** As they stand in the file, so that a person can go through it from top to bottom. */
function inOrder(faults: readonly ConfigFault[]): ConfigFault[] {
  return [...faults].sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
}
