import type { ProviderKind } from './config.ts'

interface KindDefaults {
  /** Where the kind's API is when the file names no `base_url`; null where one must be named or none is needed. */
  readonly baseUrl: string | null
  /** Added to a `base_url` that has no path of its own, since clients and people leave it out. */
  readonly basePath: string
  /** Which model names it serves when the file does not say. */
  readonly models: readonly string[]
}

const openaiModels = [
  'gpt-*',
  'o1*',
  'o3*',
  'o4*',
  'chatgpt-*',
  'codex-*',
  'computer-use-*',
  'text-embedding-3-*',
  'text-embedding-ada-*',
  'text-moderation-*',
  'omni-moderation-*',
  'dall-e-*',
  'sora-*',
  'whisper-*',
  'tts-*',
  'babbage-*',
  'davinci-*',
  'ft:*',
]
const anthropicModels = ['claude-*']
const googleModels = [
  'gemini-*',
  'gemma-*',
  'imagen-*',
  'veo-*',
  'learnlm-*',
  'gemini-embedding-*',
  'text-embedding-00*',
]
const deepseekModels = ['deepseek-*']

/**
 * Addresses as the vendors document them: https://platform.openai.com/docs/api-reference,
 * https://docs.claude.com/en/api/overview, https://ai.google.dev/api, https://api-docs.deepseek.com.
 */
export const kindDefaults: Readonly<Record<ProviderKind, KindDefaults>> = {
  openai: { baseUrl: 'https://api.openai.com/v1', basePath: '/v1', models: openaiModels },
  anthropic: { baseUrl: 'https://api.anthropic.com/v1', basePath: '/v1', models: anthropicModels },
  google: {
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    basePath: '/v1beta',
    models: googleModels,
  },
  deepseek: { baseUrl: 'https://api.deepseek.com/v1', basePath: '/v1', models: deepseekModels },
  'openai-compatible': { baseUrl: null, basePath: '', models: ['*'] },
  simulated: {
    baseUrl: null,
    basePath: '',
    models: [...openaiModels, ...anthropicModels, ...googleModels, ...deepseekModels, 'simulated-*'],
  },
}

/** The model names that a provider of the file serves; none where its kind cannot be read either. */
export function modelsOf({
  models,
  kind,
}: {
  readonly models?: readonly string[] | undefined
  readonly kind?: ProviderKind | undefined
}): readonly string[] {
  return models ?? (kind === undefined ? [] : kindDefaults[kind].models)
}

/** Providers that are on without a configuration file where their usual key variable is set, in order of precedence. */
export const environmentProviders: readonly {
  readonly variable: string
  readonly name: string
  readonly kind: ProviderKind
  readonly baseUrl: string | null
}[] = [
  { variable: 'OPENAI_API_KEY', name: 'openai', kind: 'openai', baseUrl: null },
  { variable: 'ANTHROPIC_API_KEY', name: 'anthropic', kind: 'anthropic', baseUrl: null },
  { variable: 'GEMINI_API_KEY', name: 'google', kind: 'google', baseUrl: null },
  { variable: 'DEEPSEEK_API_KEY', name: 'deepseek', kind: 'deepseek', baseUrl: null },
  // Serves what is left over: any model, but after the vendors themselves.
  {
    variable: 'HOLYSHEEP_API_KEY',
    name: 'holysheep',
    kind: 'openai-compatible',
    baseUrl: 'https://api.holysheep.ai/v1',
  },
]

export const defaultPort = 4000
export const defaultDataDir = './data'
export const defaultConfigFile = './tollgate.yaml'
export const defaultTimeoutMs = { connect: 5_000, firstByte: 120_000, idle: 60_000 }
export const defaultRetries = { max: 3, baseMs: 1_000 }
export const defaultMaxConnections = 256
export const defaultRecordsDays = 90
export const defaultDrainMs = 30_000
export const defaultJournal = {
  fsync: 'group',
  groupMs: 4,
  segmentBytes: 64 * 1024 * 1024,
  minFreeBytes: 256 * 1024 * 1024,
} as const
export const defaultLimits = {
  requestBodyBytes: 64 * 1024 * 1024,
  // 2,048 embeddings of 3,072 numbers as text are 130 MB, the largest answer that a provider is known to give.
  answerBodyBytes: 256 * 1024 * 1024,
  connections: 10_000,
  writeTimeoutMs: 300_000,
  readAfterDisconnectMs: 30_000,
  readAfterDisconnectBytes: 16 * 1024 * 1024,
}
export const defaultLabelValues = 200
export const defaultMetricPrefixes = ['tollgate_']
export const defaultThresholds = [80, 95, 100]
export const defaultHoldWaitMs = 10_000
export const defaultRoute = {
  groupBy: ['type', 'budget'],
  groupWaitMs: 0,
  groupIntervalMs: 60_000,
  repeatIntervalMs: 14_400_000,
}
export const defaultSmtpPort = { tls: 465, starttls: 587, none: 25 }
/** https://developer.pagerduty.com/docs/send-alert-event */
export const defaultPagerdutyUrl = 'https://events.pagerduty.com/v2/enqueue'
export const defaultUpstreamErrors = { leastCalls: 20, windowMs: 300_000 }
export const defaultOutputTokens = 10_000

/** Where a collector listens on the same machine: https://opentelemetry.io/docs/specs/otlp/#otlphttp-default-port. */
export const defaultOtlpEndpoint = 'http://localhost:4318'
export const defaultOtlpTimeoutMs = 10_000
export const defaultSampleRatio = 0.01
export const defaultMetricsIntervalMs = 60_000
