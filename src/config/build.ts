import { resolve } from 'node:path'
import type { JwtRules } from '#core/attribution/jwt-rules.ts'
import { defaultMayOverride } from '#core/attribution/may-override.ts'
import type { Payer } from '#core/attribution/payer.ts'
import { defaultMayBill } from '#core/keys/key.ts'
import type { ConfiguredKey } from '#core/keys/ring.ts'
import { type OverrideRateName, overrideRateNames, type PriceOverride } from '#core/pricing/overrides.ts'
import { sha256Hex } from '#lib/secret.ts'
import { buildAlerts } from './build-alerts.ts'
import { buildBudget } from './build-budget.ts'
import type { Config, ProviderConfig } from './config.ts'
import * as defaults from './defaults.ts'
import type { Entries } from './entries.ts'
import type { AttributionEntry, JwtEntry, KeyEntry, PriceEntry, ProviderEntry } from './file-schema.ts'
import type { MetricsEntry } from './metrics-schema.ts'
import { buildTelemetry, type TelemetryEnvironment } from './telemetry.ts'

/** What only the environment and the process know. */
export interface Surroundings {
  readonly cwd: string
  readonly listen: Config['listen'] | null
  readonly dataDir: string | null
  readonly adminToken: string | null
  readonly logLevel: Config['logLevel'] | null
  readonly logFormat: Config['logFormat'] | null
  /** Where neither the environment nor the file says. */
  readonly usualLogFormat: Config['logFormat']
  readonly telemetry: TelemetryEnvironment
  readonly simulatedByDefault: boolean
}

/** The configuration from entries without faults. Everything absent gets its default here and nowhere else. */
export function buildConfig(entries: Entries, around: Surroundings): Config {
  const { singles } = entries
  const recordsDays = singles.retention?.records_days ?? defaults.defaultRecordsDays
  return {
    listen: around.listen ?? singles.listen ?? { host: '127.0.0.1', port: defaults.defaultPort },
    dataDir: resolve(around.cwd, around.dataDir ?? singles.data_dir ?? defaults.defaultDataDir),
    logLevel: around.logLevel ?? singles.log?.level ?? 'info',
    logFormat: around.logFormat ?? singles.log?.format ?? around.usualLogFormat,
    adminToken: around.adminToken,
    providers: entries.providers.map(({ entry }) => buildProvider(entry)),
    aliases: entries.aliases.map(({ entry }) => ({ name: entry.name, target: entry.target })),
    keys: entries.keys.map(({ entry }) => buildKey(entry)),
    jwt: singles.jwt === undefined ? null : buildJwt(singles.jwt, around.cwd),
    prices: entries.prices.map(({ entry }) => buildPrice(entry, entries)),
    exchangeRates: entries.exchangeRates
      .map(({ entry }) => ({ from: entry.from, to: entry.to, rate: entry.rate, sinceMs: entry.since }))
      .sort((a, b) => a.sinceMs - b.sinceMs),
    costSource: singles.cost_source ?? 'computed',
    unpriced: singles.unpriced ?? 'allow',
    budgets: entries.budgets.map(({ entry }) => buildBudget(entry, singles.fiscal_month_start)),
    budgetRefusalStatus: singles.budgets_refusal_status === '429' ? 429 : 402,
    holdWaitMs: singles.budgets_hold_wait_ms ?? defaults.defaultHoldWaitMs,
    alerts: buildAlerts(entries.alerts),
    incoming: entries.incoming.map(({ entry }) => ({
      source: entry.source,
      secret: entry.secret ?? null,
      attribution: buildPayer(entry.attribution),
    })),
    journal: buildJournal(singles.journal ?? {}),
    limits: buildLimits(singles.limits ?? {}),
    metrics: buildMetrics(singles.metrics ?? {}),
    store: { clickhouseUrl: singles.store?.clickhouse_url ?? null },
    retention: { recordsDays, journalDays: singles.retention?.journal_days ?? recordsDays },
    telemetry: buildTelemetry(singles.telemetry, around.telemetry),
    drainMs: singles.drain_ms ?? defaults.defaultDrainMs,
    simulatedByDefault: around.simulatedByDefault,
  }
}

function buildProvider(entry: ProviderEntry): ProviderConfig {
  const kind = defaults.kindDefaults[entry.kind]
  const billing = entry.billing ?? {}
  const flat = billing.discount_percent
  const discounts =
    flat !== undefined && flat !== '0'
      ? [{ sinceMs: 0, percent: flat }]
      : (billing.discounts ?? []).map(({ since, percent }) => ({ sinceMs: since, percent }))
  return {
    name: entry.name,
    kind: entry.kind,
    baseUrl: entry.base_url === undefined ? kind.baseUrl : withPath(entry.base_url, kind.basePath),
    apiKey: entry.api_key ?? (entry.kind === 'simulated' ? 'simulated' : ''),
    models: entry.models ?? kind.models,
    timeoutMs: {
      connect: entry.timeout_ms?.connect ?? defaults.defaultTimeoutMs.connect,
      firstByte: entry.timeout_ms?.first_byte ?? defaults.defaultTimeoutMs.firstByte,
      idle: entry.timeout_ms?.idle ?? defaults.defaultTimeoutMs.idle,
    },
    retries: {
      max: entry.retries?.max ?? defaults.defaultRetries.max,
      baseMs: entry.retries?.base_ms ?? defaults.defaultRetries.baseMs,
    },
    billing: { currency: billing.currency ?? 'USD', discounts: discounts.sort((a, b) => a.sinceMs - b.sinceMs) },
    keepMetadata: entry.keep_metadata ?? false,
    askStreamUsage: entry.ask_stream_usage ?? true,
    maxConnections: entry.max_connections ?? defaults.defaultMaxConnections,
  }
}

function withPath(url: string, path: string): string {
  return new URL(url).pathname === '/' ? url + path : url
}

function buildKey(entry: KeyEntry): ConfiguredKey {
  const attribution = buildPayer(entry.attribution)
  const mayOverride = entry.may_override ?? defaultMayOverride(attribution)
  const limits = { attribution, mayOverride, models: entry.models ?? null }
  return {
    ...limits,
    name: entry.name,
    keySha256: entry.key_sha256 ?? sha256Hex(entry.key ?? ''),
    mayBill: entry.may_bill ?? defaultMayBill(limits),
    expiresAtMs: entry.expires ?? null,
  }
}

function buildPayer(said: AttributionEntry = {}): Payer {
  return {
    department: said.department ?? '',
    project: said.project ?? '',
    costCenter: said.cost_center ?? '',
    userId: said.user_id ?? '',
    sessionId: said.session_id ?? '',
    featureFlag: said.feature_flag ?? '',
    requestPath: said.request_path ?? '',
    tags: said.tags ?? {},
  }
}

function buildJwt(entry: JwtEntry, cwd: string): JwtRules {
  const source: JwtRules['source'] =
    entry.jwks_url !== undefined
      ? { kind: 'jwks_url', url: entry.jwks_url }
      : entry.jwks_file !== undefined
        ? { kind: 'jwks_file', path: resolve(cwd, entry.jwks_file) }
        : { kind: 'secret', secret: entry.secret ?? '' }
  return {
    header: (entry.header ?? 'x-tollgate-jwt').toLowerCase(),
    source,
    issuer: entry.issuer ?? null,
    audience: entry.audience ?? null,
    algorithms: entry.algorithms ?? (source.kind === 'secret' ? ['HS256'] : ['RS256', 'ES256', 'EdDSA']),
    claims: entry.claims,
    required: entry.required ?? false,
  }
}

function buildPrice(entry: PriceEntry, entries: Entries): PriceOverride {
  const rates: Partial<Record<OverrideRateName, string>> = {}
  for (const name of overrideRateNames) {
    const rate = entry[name]
    if (rate !== undefined) rates[name] = rate
  }
  const provider = entries.providers.find((candidate) => candidate.entry.name === entry.provider)?.entry
  return {
    provider: entry.provider,
    model: entry.model,
    fromMs: entry.from,
    tier: entry.tier ?? 'standard',
    currency: entry.currency ?? provider?.billing?.currency ?? 'USD',
    rates,
  }
}

function buildJournal(said: NonNullable<Entries['singles']['journal']>): Config['journal'] {
  return {
    fsync: said.fsync ?? defaults.defaultJournal.fsync,
    groupMs: said.group_ms ?? defaults.defaultJournal.groupMs,
    segmentBytes: said.segment_bytes ?? defaults.defaultJournal.segmentBytes,
    minFreeBytes: said.min_free_bytes ?? defaults.defaultJournal.minFreeBytes,
  }
}

function buildMetrics(said: MetricsEntry): Config['metrics'] {
  const { default: usual = defaults.defaultLabelValues, ...own } = said.label_values ?? {}
  return {
    public: said.public ?? false,
    listen: said.listen ?? null,
    prefixes: said.prefixes ?? defaults.defaultMetricPrefixes,
    labelValues: {
      provider: own.provider ?? usual,
      model: own.model ?? usual,
      department: own.department ?? usual,
      project: own.project ?? usual,
    },
  }
}

function buildLimits(said: NonNullable<Entries['singles']['limits']>): Config['limits'] {
  return {
    requestBodyBytes: said.request_body_bytes ?? defaults.defaultLimits.requestBodyBytes,
    heldRequestsBytes: said.held_requests_bytes ?? null,
    heldAnswersBytes: said.held_answers_bytes ?? null,
    connections: said.connections ?? defaults.defaultLimits.connections,
    writeTimeoutMs: said.write_timeout_ms ?? defaults.defaultLimits.writeTimeoutMs,
    answerBodyBytes: said.answer_body_bytes ?? defaults.defaultLimits.answerBodyBytes,
    readAfterDisconnectMs: said.read_after_disconnect_ms ?? defaults.defaultLimits.readAfterDisconnectMs,
    readAfterDisconnectBytes: said.read_after_disconnect_bytes ?? defaults.defaultLimits.readAfterDisconnectBytes,
  }
}
