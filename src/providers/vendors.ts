import type { ProviderKind } from '#config/config.ts'
import type { EndpointName } from '#core/ledger/entry.ts'
import type { Dialect, EndpointMatch } from './endpoints.ts'

/** How a kind of provider is asked. Its addresses and model names are configuration: config/defaults.ts. */
interface Vendor {
  /** The price catalog's name of who makes the models; null where a provider serves other people's. */
  readonly catalogVendor: string | null
  /** Which APIs it serves, and where; an absent dialect is not spoken at all. */
  readonly dialects: Partial<Readonly<Record<Dialect, SpokenDialect>>>
  /** What to do instead, for a caller whose dialect is not spoken. */
  readonly advice: string
}

/** What a vendor serves of an API that it speaks. */
interface SpokenDialect {
  /** 'all', or the only ones served. */
  readonly endpoints: 'all' | readonly EndpointName[]
  readonly credential: Credential
  /** The path below the base URL's root of a documented one. */
  readonly path: (match: EndpointMatch) => string
}

/** `both`: relays differ in where they look for the key of an Anthropic-style call, so it goes both ways. */
type Credential = 'bearer' | 'x-api-key' | 'x-goog-api-key' | 'both'

const asDocumented = (match: EndpointMatch): string => match.upstreamPath

/**
 * Sources: https://platform.openai.com/docs/api-reference; https://docs.claude.com/en/api/openai-sdk;
 * https://ai.google.dev/gemini-api/docs/openai; https://api-docs.deepseek.com (guides/anthropic_api, fim_completion).
 */
export const vendors: Readonly<Record<ProviderKind, Vendor>> = {
  openai: {
    catalogVendor: 'openai',
    dialects: { openai: { endpoints: 'all', credential: 'bearer', path: withoutBeta } },
    advice: 'OpenAI models are called by POST /v1/chat/completions or /v1/responses',
  },
  anthropic: {
    catalogVendor: 'anthropic',
    dialects: {
      anthropic: { endpoints: 'all', credential: 'x-api-key', path: asDocumented },
      openai: { endpoints: ['chat.completions'], credential: 'bearer', path: withoutBeta },
    },
    advice: 'Claude models are called by POST /v1/messages or /v1/chat/completions',
  },
  google: {
    catalogVendor: 'google',
    dialects: {
      google: { endpoints: 'all', credential: 'x-goog-api-key', path: asDocumented },
      openai: {
        endpoints: ['chat.completions', 'embeddings', 'images', 'models'],
        credential: 'bearer',
        path: (match) => `/v1beta/openai${withoutBeta(match).slice('/v1'.length)}`,
      },
    },
    advice: 'Gemini models are called by POST /v1beta/models/{model}:generateContent or /v1/chat/completions',
  },
  deepseek: {
    catalogVendor: 'deepseek',
    dialects: {
      openai: {
        endpoints: ['chat.completions', 'completions', 'responses', 'models'],
        credential: 'bearer',
        path: (match) => (match.endpoint === 'completions' ? '/beta/completions' : match.upstreamPath),
      },
      anthropic: {
        endpoints: ['messages', 'messages.count_tokens'],
        credential: 'x-api-key',
        path: (match) => `/anthropic${match.upstreamPath}`,
      },
    },
    advice: 'DeepSeek models are called by POST /v1/chat/completions or /v1/messages',
  },
  'openai-compatible': {
    catalogVendor: null,
    dialects: {
      openai: { endpoints: 'all', credential: 'bearer', path: withoutBeta },
      anthropic: { endpoints: ['messages', 'messages.count_tokens'], credential: 'both', path: asDocumented },
    },
    advice: 'models of this provider are called by POST /v1/chat/completions or /v1/messages',
  },
  simulated: {
    catalogVendor: null,
    dialects: {
      openai: { endpoints: 'all', credential: 'bearer', path: withoutBeta },
      anthropic: { endpoints: 'all', credential: 'x-api-key', path: asDocumented },
      google: { endpoints: 'all', credential: 'x-goog-api-key', path: asDocumented },
    },
    advice: 'the simulated provider serves no such call',
  },
}

/** Only DeepSeek has a `/beta`; what others are called there is the same thing. */
function withoutBeta(match: EndpointMatch): string {
  const path = match.upstreamPath
  return path.startsWith('/beta/') ? `/v1/${path.slice('/beta/'.length)}` : path
}

/**
 * True where Google's own front end reads the query and headers of a call: there every API takes its system parameters,
 * by which a caller can have the report of usage left out of an answer, or the answer in a form that nobody reads here.
 * Source: https://cloud.google.com/apis/docs/system-parameters.
 */
export function isGoogles(kind: ProviderKind, { dialect }: EndpointMatch): boolean {
  return kind === 'google' || dialect === 'google'
}

/** Null where the kind can serve the call, otherwise why not and what to do, for people. */
export function whyUnsupported(kind: ProviderKind, match: EndpointMatch): string | null {
  const spoken = vendors[kind].dialects[match.dialect]
  if (spoken !== undefined && (spoken.endpoints === 'all' || spoken.endpoints.includes(match.endpoint))) return null
  return `${kindTitles[kind]} does not serve ${match.endpoint} in the ${dialectTitles[match.dialect]} API; ${vendors[kind].advice}`
}

const kindTitles: Readonly<Record<ProviderKind, string>> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  google: 'Google',
  deepseek: 'DeepSeek',
  'openai-compatible': 'an OpenAI-compatible relay',
  simulated: 'the simulated provider',
}

const dialectTitles: Readonly<Record<Dialect, string>> = { openai: 'OpenAI', anthropic: 'Anthropic', google: 'Gemini' }

/** A base URL may end in the version that the documented paths begin with. */
const versionAtEnd = /\/v\d+(?:alpha|beta)?\d*$/

/**
 * The path of the upstream request, without its query.
 *
 * `basePath` is the path of the configured base URL, without a trailing slash. Of relays and of OpenAI it is what one
 * would give to the OpenAI SDK: whatever it is, the call's name follows (`/openai/v1` → `/openai/v1/chat/completions`,
 * none → `/chat/completions`). Of the others it may end in the API's version or not.
 *
 * `model` is the routed model: it replaces the one that a Gemini path names.
 *
 * @throws Error where `whyUnsupported` has a reason: a caller asks that first.
 */
export function upstreamPath(kind: ProviderKind, basePath: string, match: EndpointMatch, model: string): string {
  const spoken = vendors[kind].dialects[match.dialect]
  if (spoken === undefined) throw new Error(`${kind} does not speak ${match.dialect}`)
  const path = match.modelInPath === null ? spoken.path(match) : pathWithModel(spoken.path(match), match, model)
  const asSdk = match.dialect === 'openai' && (kind === 'openai' || kind === 'openai-compatible')
  if (asSdk) return basePath + path.slice('/v1'.length)
  return basePath.replace(versionAtEnd, '') + path
}

function pathWithModel(path: string, match: EndpointMatch, model: string): string {
  if (model === match.modelInPath) return path
  const collectionAt = path.indexOf(match.modelInPath?.startsWith('tunedModels/') ? '/tunedModels/' : '/models/')
  const verb = path.slice(path.lastIndexOf(':'))
  const resource = model.includes('/') ? model : `models/${model}`
  return `${path.slice(0, collectionAt)}/${resource.split('/').map(encodeURIComponent).join('/')}${verb}`
}

/**
 * The headers that show the provider our key, names and values in turn. `anthropic-version` is not among them: that
 * header is the caller's choice.
 */
export function credentialHeaders(kind: ProviderKind, dialect: Dialect, apiKey: string): string[] {
  if (apiKey === '') return []
  const credential = vendors[kind].dialects[dialect]?.credential
  switch (credential) {
    case 'bearer':
      return ['authorization', `Bearer ${apiKey}`]
    case 'x-api-key':
    case 'x-goog-api-key':
      return [credential, apiKey]
    case 'both':
      return ['authorization', `Bearer ${apiKey}`, 'x-api-key', apiKey]
    case undefined:
      return []
  }
}

/** Who makes a model of this name, by the naming habits of the vendors; null where the name says nothing. */
export function vendorOfModelName(model: string): string | null {
  const name = model.toLowerCase()
  const base = name.slice(name.lastIndexOf('/') + 1)
  for (const [pattern, vendor] of namingHabits) if (pattern.test(base)) return vendor
  return null
}

const namingHabits: readonly (readonly [RegExp, string])[] = [
  [/^claude/, 'anthropic'],
  [/^(gemini|gemma|imagen|veo|learnlm)/, 'google'],
  [/^deepseek/, 'deepseek'],
  [
    /^(gpt-(?!oss)|o[1-9](-|$)|chatgpt|codex|ft:|text-embedding-(3|ada)|(text|omni)-moderation|dall-e|whisper|tts-|sora)/,
    'openai',
  ],
  [/^(mistral|mixtral|codestral|ministral|magistral|devstral|voxtral|pixtral)/, 'mistral'],
  [/^grok/, 'x-ai'],
  [/^(command|embed-|rerank|c4ai|aya)/, 'cohere'],
  [/^sonar/, 'perplexity'],
]
