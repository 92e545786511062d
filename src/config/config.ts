import type { LiveThresholds } from '#core/alerting/live-thresholds.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import type { InhibitRule, Route } from '#core/alerting/routing.ts'
import type { JwtRules } from '#core/attribution/jwt-rules.ts'
import type { Payer } from '#core/attribution/payer.ts'
import type { Budget } from '#core/budget/budget.ts'
import type { ConfiguredKey } from '#core/keys/ring.ts'
import type { ExchangeRate } from '#core/money/exchange.ts'
import type { PriceOverride } from '#core/pricing/overrides.ts'
import type { PricedUpstream } from '#core/pricing/resolve.ts'
import type { cappedLabelNames } from './metrics-schema.ts'

/** The configuration after it was read, checked and filled with defaults. Immutable; a reload makes a new one. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number }
  readonly dataDir: string
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly logFormat: 'json' | 'pretty'
  /** From TOLLGATE_ADMIN_TOKEN; null = the one made at the first start. */
  readonly adminToken: string | null
  readonly providers: readonly ProviderConfig[]
  readonly aliases: readonly { readonly name: string; readonly target: string }[]
  readonly keys: readonly ConfiguredKey[]
  readonly jwt: JwtRules | null
  readonly prices: readonly PriceOverride[]
  readonly exchangeRates: readonly ExchangeRate[]
  /** Which cost is booked where a provider states its own: ours (default) or the provider's. */
  readonly costSource: 'computed' | 'provider'
  /** What to do with a model that has no price. */
  readonly unpriced: 'allow' | 'block'
  readonly budgets: readonly Budget[]
  /** Of a call that a budget refuses: 402 says why, 429 is what some clients expect. */
  readonly budgetRefusalStatus: 402 | 429
  /** How long a call waits for money that other calls hold. */
  readonly holdWaitMs: number
  readonly alerts: AlertsConfig
  readonly incoming: readonly IncomingConfig[]
  readonly journal: JournalConfig
  readonly limits: LimitsConfig
  readonly metrics: MetricsConfig
  readonly store: StoreConfig
  readonly retention: { readonly recordsDays: number; readonly journalDays: number }
  /** Null = calls are not traced, and nothing is exported. */
  readonly telemetry: TelemetryConfig | null
  /** After SIGTERM, how long running calls may take to finish. */
  readonly drainMs: number
  /** True where no provider was configured or found in the environment, so the built-in simulated one serves. */
  readonly simulatedByDefault: boolean
}

export type ProviderKind = 'openai' | 'anthropic' | 'google' | 'deepseek' | 'openai-compatible' | 'simulated'

export interface ProviderConfig {
  readonly name: string
  readonly kind: ProviderKind
  /** Without a trailing slash. Null only for kind `simulated` without an address: the built-in one. */
  readonly baseUrl: string | null
  readonly apiKey: string
  /** Globs of the model names it serves, matched without regard to case. */
  readonly models: readonly string[]
  readonly timeoutMs: { readonly connect: number; readonly firstByte: number; readonly idle: number }
  readonly retries: { readonly max: number; readonly baseMs: number }
  readonly billing: PricedUpstream['billing']
  /** True = our attribution keys stay in the body's `metadata`. */
  readonly keepMetadata: boolean
  /** False = streams are not asked for their usage where the caller does not ask: it refuses `stream_options`. */
  readonly askStreamUsage: boolean
  /** Sockets per upstream host. */
  readonly maxConnections: number
}

interface JournalConfig {
  readonly fsync: 'group' | 'each' | 'none'
  readonly groupMs: number
  readonly segmentBytes: number
  /** New calls are refused while the disk has less free space than this. */
  readonly minFreeBytes: number
}

interface LimitsConfig {
  readonly requestBodyBytes: number
  /** Of all calls under way together; null = a share of this machine's memory. */
  readonly heldRequestsBytes: number | null
  /** The same of answers that are taken in whole. */
  readonly heldAnswersBytes: number | null
  /** Of answers that are taken in whole, as they are on the wire; what streams has no bound. */
  readonly answerBodyBytes: number
  /** Of clients, open at a time. */
  readonly connections: number
  /** How long a client may take nothing of an answer that waits for it. */
  readonly writeTimeoutMs: number
  /** How long and how far an answer is still read for its usage after the caller left. */
  readonly readAfterDisconnectMs: number
  readonly readAfterDisconnectBytes: number
}

export interface MetricsConfig {
  /** Everybody may read them, from wherever. */
  readonly public: boolean
  /** A further address, for metrics alone; null = none. */
  readonly listen: { readonly host: string; readonly port: number } | null
  /** What the names of the family of who pays begin with; each prefix has all of it. */
  readonly prefixes: readonly string[]
  /** How many values a label may have. */
  readonly labelValues: Readonly<Record<(typeof cappedLabelNames)[number], number>>
}

interface StoreConfig {
  /** Null = embedded, in the data directory; otherwise the URL of a ClickHouse server. */
  readonly clickhouseUrl: string | null
}

export interface AlertsConfig {
  readonly receivers: readonly Receiver[]
  readonly routes: readonly Route[]
  readonly inhibit: readonly InhibitRule[]
  readonly live: LiveThresholds
  /** Whether receivers may be at private addresses. Names are looked up when they are told, so it counts there too. */
  readonly allowPrivateUrls: boolean
}

/** A source of usage that is metered elsewhere. */
interface IncomingConfig {
  /** Stands in the path `/webhook/{source}`. */
  readonly source: string
  /** What its events are signed with; null = nothing. */
  readonly secret: string | null
  /** Who pays for what an event does not say. */
  readonly attribution: Payer
}

/** What is exported to an OpenTelemetry collector over OTLP, HTTP with protobuf. */
export interface TelemetryConfig {
  /** Without a trailing slash: `/v1/traces` and `/v1/metrics` are added to it. */
  readonly endpoint: string
  /** Sent with every export. May hold secrets. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Of the traces that begin here, from 0 to 1; a caller's trace is sampled where the caller says so. */
  readonly sampleRatio: number
  readonly metricsIntervalMs: number
  /** Attributes of the resource, beside those that say which instance this is. */
  readonly resource: Readonly<Record<string, string>>
}
