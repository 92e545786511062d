/**
 * Parameters by which Google's APIs take credentials (https://cloud.google.com/apis/docs/system-parameters). The caller's
 * is ours, and goes no further.
 */
const credentials: ReadonlySet<string> = new Set([
  ...['key', '$key', 'access_token', '$access_token', 'oauth_token', 'bearer_token'],
])

/** Whether a parameter of this name, decoded, is a credential. */
export function isCredential(name: string): boolean {
  return credentials.has(name.toLowerCase())
}

interface Parameter {
  readonly name: string
  readonly value: string
}

/** The parameters of a query, decoded, in their order. */
export function parameters(query: string): Parameter[] {
  return query
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => ({ name: nameOf(pair), value: decoded(pair.slice(endOfName(pair) + 1)) }))
}

/** The query for the upstream, from its question mark on or empty: without credentials, otherwise as it was. */
export function upstreamQuery(query: string): string {
  if (query.length <= 1) return ''
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => !isCredential(nameOf(pair)))
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}

/** The value of `?key=`, or null. */
export function queryKey(query: string): string | null {
  if (query.length <= 1) return null
  return new URLSearchParams(query).get('key')
}

function nameOf(pair: string): string {
  return decoded(pair.slice(0, endOfName(pair)))
}

function endOfName(pair: string): number {
  const equals = pair.indexOf('=')
  return equals < 0 ? pair.length : equals
}

/** As it stands where it cannot be decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' ')).trim()
  } catch {
    return text
  }
}
