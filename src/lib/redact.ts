import { stdSerializers } from 'pino'
import { censor, redactText } from './redact-text.ts'

/** Names of what carries a credential or a caller's words: lower case, without dashes and underscores. */
const secretNames: ReadonlySet<string> = new Set([
  ...['authorization', 'proxyauthorization', 'xapikey', 'xgoogapikey', 'apikey', 'cookie', 'setcookie', 'xtollgatejwt'],
  ...['key', 'routingkey', 'secret', 'secrets', 'clientsecret', 'password', 'credentials'],
  ...['token', 'admintoken', 'accesstoken', 'refreshtoken', 'idtoken'],
  ...['prompt', 'messages'],
])

/** Deeper than anything that is logged on purpose. */
const mostLevels = 12

/**
 * A value as it may be logged: whatever has a secret's name is replaced, at any depth, in objects as in lists of header
 * names and values. Errors become objects, with all that hangs on them. The value itself is left as it is.
 */
export function redactFields(value: unknown): unknown {
  return redactLevel(value, mostLevels, new Set())
}

/** Of one text: a stack with its causes has room. What somebody sends may be of any length, and stand in a message. */
const longestText = 10_000

/** Cut only where no credential is cut in half. */
function shortText(text: string): string {
  return text.length <= longestText ? text : `${redactText(text).slice(0, longestText).toWellFormed()}…`
}

function redactLevel(value: unknown, levels: number, above: ReadonlySet<object>): unknown {
  if (typeof value === 'string') return shortText(value)
  if (typeof value !== 'object' || value === null) return value
  if (above.has(value)) return '[circular]'
  if (levels === 0) return '[too deep]'
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`
  if ('toJSON' in value && typeof value.toJSON === 'function') return redactLevel(value.toJSON(), levels - 1, above)
  const inside = new Set(above).add(value)
  const below = (part: unknown) => redactLevel(part, levels - 1, inside)
  if (Array.isArray(value)) return value.map((item, index) => (isSecret(value[index - 1], item) ? censor : below(item)))
  const whole = value instanceof Error ? errorFields(value) : value
  return Object.fromEntries(
    Object.entries(whole).map(([name, part]) => [name, isSecret(name, part) ? censor : below(part)]),
  )
}

/** Message and stack with those of its causes, and whatever else hangs on it. */
function errorFields(error: Error): object {
  const { type, message, stack } = stdSerializers.err(error)
  return { ...error, type, message, stack }
}

function isSecret(name: unknown, value: unknown): boolean {
  if (typeof name !== 'string' || (typeof value !== 'string' && typeof value !== 'object')) return false
  return value !== null && secretNames.has(name.toLowerCase().replaceAll(/[-_]/g, ''))
}
