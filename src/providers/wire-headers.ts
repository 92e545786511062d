/** Names and values in turn, as they stand on the wire. */
type RawHeaders = readonly string[]

/** By their lower-case names. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** Belong to one connection, not to the call (RFC 9110, 7.6.1), or are set anew by whoever sends the request. */
const connectionHeaders = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'content-length',
]

/** Never go upstream. */
const requestOnly = [
  'host',
  'expect',
  // An answer must be readable here: it is asked for unencoded.
  'accept-encoding',
  // And whole: nobody learns what was used from a part of it, or from word that it is still the same.
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  // The caller's credentials.
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-goog-user-project',
  'cookie',
  'proxy-authorization',
  'proxy-authenticate',
  'x-auth-token',
  'x-original-authorization',
  // Which of a provider's accounts pays is the operator's to say, with the credential.
  'openai-organization',
  'openai-project',
  // Who the caller is in our own network, and where it comes from: a referer may hold `?key=`.
  'origin',
  'referer',
  'x-client-ip',
  'x-original-forwarded-for',
  'forwarded',
  'via',
  'x-real-ip',
  'true-client-ip',
  'cf-connecting-ip',
  // Ours: contracts, section 1.
  'x-cost-center',
  'x-user-id',
  'x-session-id',
  'x-request-id',
  'x-department',
  'x-project',
  'x-feature-flag',
  'x-request-path',
]

/** `x-goog-`: Google has an answer changed, or another account pay, by headers of this name; proxies of its own add more. */
const requestPrefixes = ['x-forwarded-', 'x-tollgate-', 'proxy-', 'x-goog-']

/** Of those with such beginnings the ones that do go upstream: they only say who asks, and why. */
const requestKept = ['x-goog-api-client', 'x-goog-quota-user', 'x-goog-request-reason']

/**
 * Never reach the client: what belongs to the connection; what names our account at the provider; what would change how
 * a client treats our address; what we set ourselves.
 */
const answerOnly = [
  'set-cookie',
  // A redirect would have the client show its key, which is ours, to somebody else.
  'location',
  // So would these; where the APIs have pages, their bodies say so.
  'refresh',
  'link',
  'content-location',
  // A web server before the gateway would answer with a file or an address of its own.
  'x-accel-redirect',
  'x-sendfile',
  // About our credential: a browser would ask its user for one.
  'www-authenticate',
  'openai-organization',
  'openai-project',
  'anthropic-organization-id',
  'anthropic-workspace-id',
  'x-goog-upload-url',
  'alt-svc',
  'strict-transport-security',
  'clear-site-data',
  'nel',
  'report-to',
  'reporting-endpoints',
  'proxy-authenticate',
  'date',
  'via',
  'x-cost-center',
]

const answerPrefixes = ['x-tollgate-', 'access-control-']

/** Makes, of the headers a client sent, those that go upstream. */
export type RequestHeaders = (raw: RawHeaders, credential: RawHeaders) => string[]

/** How many different spellings of names are remembered: names are few, but callers may invent them. */
const mostRemembered = 1_000

/**
 * Prepares the headers of upstream requests: the client's, in their order and spelling, without those of the
 * connection, the caller's credentials, our own, and `alsoDrop` (such as the header that carries a JWT); then
 * `accept-encoding: identity` and the provider's credential.
 */
export function requestHeaderFilter(alsoDrop: readonly string[] = []): RequestHeaders {
  const names = [...connectionHeaders, ...requestOnly, ...alsoDrop]
  const dropped = dropTable({ names, prefixes: requestPrefixes, kept: requestKept })
  return (raw, credential) => {
    const kept: string[] = []
    let named: ReadonlySet<string> | null = null
    for (let index = 0; index + 1 < raw.length; index += 2) {
      const name = raw[index] ?? ''
      if (name.length === 10 && name.toLowerCase() === 'connection')
        named = namedByConnection(raw[index + 1] ?? '', named)
      if (!dropped(name)) kept.push(name, raw[index + 1] ?? '')
    }
    const rest = named === null ? kept : withoutNamed(kept, named)
    rest.push('accept-encoding', 'identity')
    for (const part of credential) rest.push(part)
    return rest
  }
}

/** Without these a body cannot be read: nobody may have them dropped on the way. */
const ofTheBody: ReadonlySet<string> = new Set(['content-type', 'content-encoding'])

/** Names that a Connection header declares to be of this connection only, beside those it always is about. */
function namedByConnection(value: string, before: ReadonlySet<string> | null): ReadonlySet<string> | null {
  if (value === 'keep-alive') return before
  const lowered = value.trim().toLowerCase()
  if (lowered === 'keep-alive' || lowered === 'close' || lowered === '') return before
  const names = lowered.split(',').map((name) => name.trim())
  return new Set([...(before ?? []), ...names.filter((name) => !ofTheBody.has(name))])
}

function withoutNamed(headers: readonly string[], named: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (!named.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '')
  }
  return kept
}

const droppedFromAnswers = dropTable({
  names: [...connectionHeaders, ...answerOnly],
  prefixes: answerPrefixes,
  kept: [],
})

/**
 * Makes, of the headers of an upstream's answer (lower-case names), those that go to the client, without those that its
 * Connection header names. Rate limits and the provider's request ids stay; `x-request-id` is ours, so the provider's
 * becomes `x-upstream-request-id`.
 */
export function clientHeaders(answer: Headers): string[] {
  const kept: string[] = []
  const connection = answer['connection']
  const named = connection === undefined ? null : namedByConnection(String(connection), null)
  for (const name in answer) {
    const value = answer[name]
    if (value === undefined || droppedFromAnswers(name) || named?.has(name)) continue
    const shown = name === 'x-request-id' ? 'x-upstream-request-id' : name
    if (typeof value === 'string') kept.push(shown, value)
    else for (const single of value) kept.push(shown, single)
  }
  return kept
}

interface Dropped {
  readonly names: readonly string[]
  readonly prefixes: readonly string[]
  /** In spite of their prefix. */
  readonly kept: readonly string[]
}

function dropTable({ names, prefixes, kept }: Dropped): (name: string) => boolean {
  const exact = new Set(names.map((name) => name.toLowerCase()))
  const verdicts = new Map<string, boolean>()
  return (name) => {
    const known = verdicts.get(name)
    if (known !== undefined) return known
    const lowered = name.toLowerCase()
    const begins = !kept.includes(lowered) && prefixes.some((prefix) => lowered.startsWith(prefix))
    const verdict = exact.has(lowered) || begins
    if (verdicts.size < mostRemembered) verdicts.set(name, verdict)
    return verdict
  }
}
