import type { EndpointName } from '#core/ledger/entry.ts'
import { queryKey } from './query.ts'
import type { Headers } from './wire-headers.ts'

/** The API that the caller speaks: it decides how requests are read, streams are watched and errors are shaped. */
export type Dialect = 'openai' | 'anthropic' | 'google'

/**
 * How far the gateway looks into the body: JSON and multipart are read, of `metadata` bodies (JSON, or none) only who
 * pays, opaque bodies are only passed on.
 */
export type BodyForm = 'json' | 'multipart' | 'metadata' | 'opaque' | 'none'

export interface EndpointMatch {
  readonly endpoint: EndpointName
  readonly dialect: Dialect
  readonly body: BodyForm
  /** The answer may cost money: an open entry is written and the usage is read. */
  readonly metered: boolean
  /** The model named in the path (Gemini), decoded, without `models/`. */
  readonly modelInPath: string | null
  /** The path says that the answer is a stream (Gemini's `:streamGenerateContent`). */
  readonly streamInPath: boolean
  /**
   * The path as the vendor documents it, with its version, still percent-encoded: `/v1/chat/completions`,
   * `/v1beta/models/gemini-2.5-flash:generateContent`. `upstreamPath` in vendors.ts makes the real one of it.
   */
  readonly upstreamPath: string
}

type Method = 'GET' | 'POST' | 'DELETE'

interface Row {
  readonly methods: readonly Method[]
  /** Below the version; `*` stands for one segment. */
  readonly path: string
  readonly endpoint: EndpointName
  readonly body: BodyForm
  readonly metered: boolean
}

const posted: readonly Method[] = ['POST']

/** What costs something, by a body that is read. */
function metered(path: string, endpoint: EndpointName, body: 'json' | 'multipart'): Row {
  return { methods: posted, path, endpoint, body, metered: true }
}

/** What is free, by a body that is read. */
function free(path: string, endpoint: EndpointName): Row {
  return { methods: posted, path, endpoint, body: 'json', metered: false }
}

function passed(methods: readonly Method[], path: string, endpoint: EndpointName): Row {
  return { methods, path, endpoint, body: 'metadata', metered: false }
}

/** Files: never held whole. */
function streamed(path: string): Row {
  return { methods: posted, path, endpoint: 'files', body: 'opaque', metered: false }
}

/** Source: the paths of the `openai` package's resources and https://platform.openai.com/docs/api-reference. */
const openaiRows: readonly Row[] = [
  metered('/chat/completions', 'chat.completions', 'json'),
  metered('/completions', 'completions', 'json'),
  metered('/responses', 'responses', 'json'),
  metered('/responses/compact', 'responses', 'json'),
  metered('/embeddings', 'embeddings', 'json'),
  metered('/images/generations', 'images', 'json'),
  metered('/images/edits', 'images', 'multipart'),
  metered('/images/variations', 'images', 'multipart'),
  metered('/audio/speech', 'audio.speech', 'json'),
  metered('/audio/transcriptions', 'audio.transcriptions', 'multipart'),
  metered('/audio/translations', 'audio.translations', 'multipart'),
  metered('/moderations', 'moderations', 'json'),
  free('/responses/input_tokens', 'countTokens'),
  passed(['GET'], '/chat/completions', 'chat.completions'),
  passed(['GET', 'POST', 'DELETE'], '/chat/completions/*', 'chat.completions'),
  passed(['GET'], '/chat/completions/*/messages', 'chat.completions'),
  passed(['GET', 'DELETE'], '/responses/*', 'responses'),
  passed(['POST'], '/responses/*/cancel', 'responses'),
  passed(['GET'], '/responses/*/input_items', 'responses'),
  passed(['GET'], '/models', 'models'),
  passed(['GET', 'DELETE'], '/models/*', 'models'),
  streamed('/files'),
  passed(['GET'], '/files', 'files'),
  passed(['GET', 'DELETE'], '/files/*', 'files'),
  passed(['GET'], '/files/*/content', 'files'),
  passed(['POST'], '/uploads', 'files'),
  streamed('/uploads/*/parts'),
  passed(['POST'], '/uploads/*/complete', 'files'),
  passed(['POST'], '/uploads/*/cancel', 'files'),
  passed(['GET', 'POST'], '/batches', 'batches'),
  passed(['GET'], '/batches/*', 'batches'),
  passed(['POST'], '/batches/*/cancel', 'batches'),
]

/** Source: the paths of the `@anthropic-ai/sdk` package's resources and https://docs.anthropic.com/en/api. */
const anthropicRows: readonly Row[] = [
  metered('/messages', 'messages', 'json'),
  free('/messages/count_tokens', 'messages.count_tokens'),
  passed(['GET', 'POST'], '/messages/batches', 'messages.batches'),
  passed(['GET', 'DELETE'], '/messages/batches/*', 'messages.batches'),
  passed(['POST'], '/messages/batches/*/cancel', 'messages.batches'),
  passed(['GET'], '/messages/batches/*/results', 'messages.batches'),
]

/** The same paths as OpenAI's: only the headers tell whose call it is. */
const anthropicSharedRows: readonly Row[] = [
  passed(['GET'], '/models', 'models'),
  passed(['GET'], '/models/*', 'models'),
  streamed('/files'),
  passed(['GET'], '/files', 'files'),
  passed(['GET', 'DELETE'], '/files/*', 'files'),
  passed(['GET'], '/files/*/content', 'files'),
]

interface Verb {
  readonly endpoint: EndpointName
  readonly stream: boolean
  readonly metered: boolean
}

/** What follows the colon of a Gemini path. Source: https://ai.google.dev/api/all-methods. */
const googleVerbs: ReadonlyMap<string, Verb> = new Map([
  ['generateContent', { endpoint: 'generateContent', stream: false, metered: true }],
  ['streamGenerateContent', { endpoint: 'generateContent', stream: true, metered: true }],
  ['embedContent', { endpoint: 'embedContent', stream: false, metered: true }],
  ['batchEmbedContents', { endpoint: 'embedContent', stream: false, metered: true }],
  ['countTokens', { endpoint: 'countTokens', stream: false, metered: false }],
])

/**
 * Prefix that a client's base URL may end in → prefix of the documented path. The SDKs of OpenAI and Vercel expect a
 * base URL that ends in `/v1`, Anthropic's adds `/v1` itself (so a base URL with `/v1` doubles it); DeepSeek's needs
 * none; Gemini's OpenAI-compatible endpoint, DeepSeek's beta and its Anthropic endpoint have prefixes of their own.
 */
const openaiPrefixes: readonly (readonly [string, string])[] = [
  ['/v1', '/v1'],
  ['/v1beta/openai', '/v1'],
  ['/v1/openai', '/v1'],
  ['/openai/v1', '/v1'],
  ['/beta', '/beta'],
]
const anthropicPrefixes: readonly (readonly [string, string])[] = [
  ['/v1', '/v1'],
  ['/v1/v1', '/v1'],
  ['/anthropic/v1', '/v1'],
  ['/anthropic/v1/v1', '/v1'],
]

interface Pattern {
  readonly segments: readonly string[]
  readonly method: Method
  readonly match: EndpointMatch
}

interface PathTable {
  /** By path, then by method: a text put together of the two would be made anew for every call, and interned. */
  readonly exact: Map<string, Map<string, EndpointMatch>>
  readonly patterns: Pattern[]
}

const table: PathTable = { exact: new Map(), patterns: [] }
/** Of paths that are OpenAI's too, for who calls as Anthropic's SDK does. */
const anthropicTable: PathTable = { exact: new Map(), patterns: [] }

function matchOf(row: Row, dialect: Dialect, method: Method, upstreamPath: string): EndpointMatch {
  const { endpoint, metered } = row
  const body = method === 'POST' ? row.body : 'none'
  return { endpoint, dialect, body, metered, modelInPath: null, streamInPath: false, upstreamPath }
}

function enter(
  row: Row,
  dialect: Dialect,
  [from, to]: readonly [string, string],
  { exact, patterns }: PathTable,
): void {
  const path = from + row.path
  for (const method of row.methods) {
    const match = matchOf(row, dialect, method, to + row.path)
    if (path.includes('*')) patterns.push({ segments: path.split('/').slice(1), method, match })
    else exact.set(path, (exact.get(path) ?? new Map<string, EndpointMatch>()).set(method, match))
  }
}

for (const prefix of openaiPrefixes) for (const row of openaiRows) enter(row, 'openai', prefix, table)
for (const prefix of anthropicPrefixes) {
  for (const row of anthropicRows) enter(row, 'anthropic', prefix, table)
  const own = prefix[0] === '/anthropic/v1'
  for (const row of anthropicSharedRows) enter(row, 'anthropic', prefix, own ? table : anthropicTable)
}
// A base URL without any path: only what is metered, since the rest of the root belongs to the console.
for (const row of openaiRows) if (row.metered) enter(row, 'openai', ['', '/v1'], table)
for (const row of anthropicRows) if (row.body === 'json') enter(row, 'anthropic', ['', '/v1'], table)

/**
 * Which API is called; null where the path belongs to none (the console's, or nobody's). `path` is without its query.
 *
 * A path that OpenAI and Anthropic (or Gemini's `/v1/models`) share is told apart by who calls, which is why headers and
 * query are given: `anthropic-version` or `x-api-key` make it Anthropic's, `x-goog-api-key` or `?key=` Google's.
 */
export function matchEndpoint(method: string, path: string, headers: Headers = {}, query = ''): EndpointMatch | null {
  const exact = table.exact.get(path)?.get(method)
  // Metered paths belong to one dialect only.
  if (exact?.metered === true) return exact
  const caller = callerDialect(headers, query)
  // Never somebody else's `/v1/models/…`: what Gemini's paths say behind the colon is Gemini's to know.
  if (caller === 'google' && googlePath.test(path)) return matchGoogle(method, path)
  const anthropics = caller === 'anthropic' ? matchIn(anthropicTable, method, path) : null
  return anthropics ?? exact ?? matchPattern(table.patterns, method, path) ?? matchGoogle(method, path)
}

function matchIn({ exact, patterns }: PathTable, method: string, path: string): EndpointMatch | null {
  return exact.get(path)?.get(method) ?? matchPattern(patterns, method, path)
}

/** Whose SDK sends such headers, or such a query: no other vendor takes its key there. */
function callerDialect(headers: Headers, query: string): Dialect {
  if (headers['anthropic-version'] !== undefined || headers['x-api-key'] !== undefined) return 'anthropic'
  if (headers['x-goog-api-key'] !== undefined) return 'google'
  return headers['authorization'] === undefined && queryKey(query) !== null ? 'google' : 'openai'
}

function matchPattern(patterns: readonly Pattern[], method: string, path: string): EndpointMatch | null {
  const segments = path.split('/').slice(1)
  for (const pattern of patterns) {
    if (pattern.segments.length !== segments.length || pattern.method !== method) continue
    const filled = fill(pattern, segments)
    if (filled !== null) return { ...pattern.match, upstreamPath: filled }
  }
  return null
}

/** The documented path with the caller's segments in place of the stars, or null where the pattern does not fit. */
function fill(pattern: Pattern, segments: readonly string[]): string | null {
  const values: string[] = []
  for (const [index, wanted] of pattern.segments.entries()) {
    const segment = segments[index] ?? ''
    if (wanted === '*') {
      if (!isPlainSegment(segment)) return null
      values.push(segment)
    } else if (wanted !== segment) {
      return null
    }
  }
  return pattern.match.upstreamPath.replaceAll('*', () => values.shift() ?? '')
}

/** Gemini: `/v1beta/models/{model}:{verb}`, `/v1beta/models`, `/v1beta/tunedModels/…`; `v1`, `v1alpha` as well. */
function matchGoogle(method: string, path: string): EndpointMatch | null {
  // Some clients encode the colon too.
  const upstreamPath = path.replace(/%3a(?=[a-z]+$)/i, ':')
  const parts = googlePath.exec(upstreamPath)
  if (parts === null) return null
  const [, collection = '', name] = parts
  const base = { dialect: 'google', upstreamPath } as const
  if (name === undefined || !name.includes(':')) {
    if (method !== 'GET' || (name !== undefined && !isPlainSegment(name))) return null
    return { ...base, endpoint: 'models', body: 'none', metered: false, modelInPath: null, streamInPath: false }
  }
  const colon = name.lastIndexOf(':')
  const verb = googleVerbs.get(name.slice(colon + 1))
  const model = name.slice(0, colon)
  if (method !== 'POST' || verb === undefined || !isPlainSegment(model)) return null
  const modelInPath = collection === 'models' ? decodeURIComponent(model) : `${collection}/${decodeURIComponent(model)}`
  const { endpoint, metered, stream } = verb
  return { ...base, endpoint, body: 'json', metered, modelInPath, streamInPath: stream }
}

const googlePath = /^\/v1(?:beta|alpha)?\/(models|tunedModels)(?:\/([^/]+))?$/

/** The model that a path of the endpoint `models` is about, decoded; null where it is about all of them. */
export function modelLookedAt({ endpoint, upstreamPath }: EndpointMatch): string | null {
  const [, collection, name] =
    (endpoint === 'models' ? /\/(models|tunedModels)\/([^/]+)$/.exec(upstreamPath) : null) ?? []
  if (name === undefined) return null
  return collection === 'tunedModels' ? `tunedModels/${decodeURIComponent(name)}` : decodeURIComponent(name)
}

/**
 * A segment that names one thing and cannot climb out of its place, encoded or not: an upstream that decodes `%2f`
 * before it routes must not be led to its administration by our credential.
 */
function isPlainSegment(segment: string): boolean {
  if (segment === '' || segment.length > 512) return false
  let decoded: string
  try {
    decoded = decodeURIComponent(segment)
  } catch {
    return false
  }
  if (hasControl(decoded)) return false
  return !decoded.split(/[/\\]/).some((part) => part === '' || part === '.' || part === '..')
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code < 0x20 || code === 0x7f) return true
  }
  return /[?#%]/.test(text)
}
