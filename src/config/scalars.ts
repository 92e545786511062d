import { z } from 'zod'
import { readTagName } from '#core/attribution/tags.ts'
import { says } from './faults.ts'

/*
 * The leaves of the file. Every value arrives as text (see yaml.ts), so `4000`, `"4000"` and `${PORT:-4000}` are the
 * same, and an amount keeps its digits. No message ever repeats the value: it may be a secret.
 */

function scalar(expected: string) {
  return z.string({
    error: ({ input }) =>
      input === undefined || input === null
        ? says(input === null ? 'is empty' : 'is missing', expected)
        : says(Array.isArray(input) ? 'is a list' : 'is a mapping', expected),
  })
}

/** What a reader answers in place of a value: what exactly is wrong with the text. */
class Wrong {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

/** A leaf read by `read`; its undefined stands for the general reason, `wrong`. */
function checked<T>(expected: string, read: (text: string) => T | Wrong | undefined, wrong = 'is not valid') {
  return scalar(expected).transform((text, context): T => {
    const value = read(text.trim())
    if (value !== undefined && !(value instanceof Wrong)) return value
    const reason = value instanceof Wrong ? value.reason : text.trim() === '' ? 'is empty' : wrong
    context.issues.push({ code: 'custom', message: says(reason, expected), input: undefined })
    return z.NEVER
  })
}

/** Non-empty text without control characters. */
export function word(expected: string, maxLength = 256) {
  return checked<string>(expected, (text) => {
    if (text === '') return undefined
    if (text.length > maxLength) return new Wrong(`is longer than ${maxLength} characters`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return /[\u0000-\u001f\u007f]/.test(text) ? new Wrong('contains a control character') : text
  })
}

/** By the rule for those that callers send. */
export function tagName() {
  return checked<string>('the name of a tag', (text) => {
    const name = readTagName(text, 'it')
    return typeof name === 'string' && name !== '' ? name : undefined
  })
}

/** A free name that shows in reports and on the command line. */
export function name() {
  return checked<string>(
    'a name of letters, digits, dots, dashes and underscores',
    (text) => (/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u.test(text) ? text : undefined),
    'is not a name',
  )
}

export function wholeNumber(least: number, most: number) {
  return checked<number>(
    `a whole number from ${least} to ${most}`,
    (text) => {
      if (!/^\d{1,15}$/.test(text)) return undefined
      const value = Number(text)
      return value < least || value > most ? new Wrong('is out of range') : value
    },
    'is not a whole number',
  )
}

export function trueOrFalse() {
  return checked<boolean>('true or false', (text) => (text === 'true' ? true : text === 'false' ? false : undefined))
}

export function oneOf<const T extends string>(words: readonly T[]) {
  return checked<T>(`one of ${words.join(', ')}`, (text) => words.find((candidate) => candidate === text))
}

/** Exact decimal text, never negative, brought to its shortest form: `8.00` → `8`. */
export function decimal(
  expected: string,
  { above = false, most, places = 18 }: { above?: boolean; most?: number; places?: number } = {},
) {
  return checked<string>(
    expected,
    (text) => {
      if (/^[+-]?\d+(\.\d+)?[eE]/.test(text)) return new Wrong('is in scientific notation')
      if (/^-\d/.test(text)) return new Wrong('is negative')
      const parts = /^(\d+)(?:\.(\d+))?$/.exec(text)
      if (parts === null) return undefined
      if ((parts[1] ?? '').length > 15) return new Wrong('is out of range')
      if ((parts[2] ?? '').length > places) return new Wrong(`has more than ${places} places`)
      const whole = (parts[1] ?? '').replace(/^0+(?=\d)/, '')
      const fraction = (parts[2] ?? '').replace(/0+$/, '')
      if (above && whole === '0' && fraction === '') return new Wrong('is zero')
      if (most !== undefined) {
        const limit = BigInt(most)
        if (BigInt(whole) > limit || (BigInt(whole) === limit && fraction !== '')) return new Wrong('is out of range')
      }
      return fraction === '' ? whole : `${whole}.${fraction}`
    },
    'is not a decimal number',
  )
}

/** ISO 4217 in capitals. */
export function currency() {
  return checked<string>('a currency code such as USD', (text) => (/^[A-Z]{3}$/.test(text) ? text : undefined))
}

/** An HTTP address without query, fragment and trailing slash. */
export function httpUrl() {
  return checked<string>(
    'an address such as https://api.example.com/v1',
    readHttpUrl,
    'is not an http or https address',
  )
}

/** The base of a collector's addresses: with the path of one signal, every export would be refused and lost. */
export function otlpEndpoint() {
  return checked<string>(
    'an address such as http://collector:4318',
    (text) => {
      const url = readHttpUrl(text)
      if (typeof url !== 'string' || !/\/v1\/(?:traces|metrics|logs)$/.test(url)) return url
      return new Wrong('ends in the path of one signal, which is added to it')
    },
    'is not an http or https address',
  )
}

function readHttpUrl(text: string): string | Wrong | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:\/\//i.test(text)) return undefined
  if (url.username !== '' || url.password !== '') return new Wrong('contains a user name or password')
  if (url.search !== '' || url.hash !== '') return new Wrong('contains a query or fragment')
  return text.replace(/\/+$/, '')
}

/** Where a ClickHouse server is: with user, password and database as it has them, and options of its client as a query. */
export function clickhouseUrl() {
  return checked<string>(
    'an address such as http://user:password@host:8123/database',
    (text) => {
      const url = URL.parse(text)
      if (url === null || !/^https?:\/\//i.test(text)) return undefined
      if (url.hash !== '') return new Wrong('contains a fragment: a # in a password is written as %23')
      return /^\/([A-Za-z_][A-Za-z0-9_]*)?$/.test(url.pathname) ? text : new Wrong('has a path that is no database')
    },
    'is not an http or https address',
  )
}

/** A glob of model names: `*` for any run of characters, `?` for one. */
export function glob() {
  return checked<string>(
    'a model name, where * stands for any characters and ? for one',
    (text) => (/^[A-Za-z0-9._:/@+*?-]{1,256}$/.test(text) ? text : undefined),
    'is not a model pattern',
  )
}

/** One model by its name. */
export function modelName() {
  return checked<string>(
    'the name of one model',
    (text) => (/^[A-Za-z0-9._:/@+-]{1,256}$/.test(text) ? text : undefined),
    'is not the name of a model',
  )
}

const datePattern = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,3})?)?)?(Z|[+-]\d{2}:\d{2})?$/

/** Unix milliseconds. A date without a time is its first instant; without a zone it is UTC. */
export function instant() {
  return checked<number>('a date such as 2026-01-31 or 2026-01-31T12:00:00Z', readInstant, 'is not a date')
}

function readInstant(text: string): number | Wrong | undefined {
  const parts = datePattern.exec(text)
  if (parts === null) return undefined
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '.0', zone = 'Z'] = parts
  const date = `${year}-${month}-${day}`
  const midnight = Date.parse(`${date}T00:00:00Z`)
  // Date.parse rolls 30 February over into March.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date))
    return new Wrong('is not a day of the calendar')
  const ms = Date.parse(`${date}T${hour}:${minute}:${second}${fraction.padEnd(4, '0')}${zone}`)
  return Number.isNaN(ms) ? new Wrong('is not a time of day') : ms
}

export function sha256Hex() {
  return checked<string>(
    '64 hexadecimal digits',
    (text) => (/^[0-9a-fA-F]{64}$/.test(text) ? text.toLowerCase() : undefined),
    'is not a SHA-256 digest',
  )
}

/** `127.0.0.1:4000`, `[::1]:4000`, `:4000` (every address) or `4000` (this machine only). */
export function listenAddress() {
  return checked<{ host: string; port: number }>(
    'an address and port such as 127.0.0.1:4000',
    (text) => {
      const parts = /^(?:(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]*):)?(\d{1,5})$/.exec(text)
      if (parts === null) return undefined
      const port = Number(parts[2])
      if (port > 65_535) return new Wrong('has a port above 65535')
      const host = parts[1] === undefined ? '127.0.0.1' : parts[1] === '' ? '0.0.0.0' : parts[1].replace(/^\[|\]$/g, '')
      return { host, port }
    },
    'is not an address with a port',
  )
}

/** Milliseconds of `500ms`, `30s`, `5m`, `4h`, `1d`; whole numbers with one unit. */
export function duration(leastMs: number, mostMs: number) {
  return checked<number>(
    'a duration such as 30s, 5m or 4h',
    (text) => {
      const parts = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text)
      if (parts === null) return undefined
      const ms = Number(parts[1]) * (unitMs[parts[2] ?? ''] ?? Number.NaN)
      return ms < leastMs || ms > mostMs ? new Wrong('is out of range') : ms
    },
    'is not a duration',
  )
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** An IANA name; offsets are refused, since they know no daylight saving. */
export function timeZone() {
  return checked<string>(
    'an IANA name such as Europe/Berlin or UTC',
    (text) => (/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(text) ? knownTimeZone(text) : undefined),
    'is not a time zone',
  )
}

/** As it is spelled, whatever case it was written in. */
function knownTimeZone(text: string): string | undefined {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Where messages are posted: may have a query, since some services put their secret there. */
export function receiverUrl() {
  return checked<string>(
    'an address such as https://hooks.example.com/…',
    (text) => {
      const url = URL.parse(text)
      if (url === null || !/^https?:\/\//i.test(text) || text.length > 4096) return undefined
      if (url.username !== '' || url.password !== '') return new Wrong('contains a user name or password')
      return url.hash === '' ? text : new Wrong('contains a fragment')
    },
    'is not an http or https address',
  )
}

/** `ops@example.com` or `Operations <ops@example.com>`. */
export function mailAddress() {
  const address = /^[^\s@<>",;]{1,64}@[^\s@<>",;]{1,190}$/
  return checked<string>(
    'an address such as ops@example.com',
    (text) => {
      const named = /^[^<>"\p{Cc}]{1,100} <([^<>]{3,256})>$/u.exec(text)
      return address.test(named?.[1] ?? text) ? text : undefined
    },
    'is not a mail address',
  )
}

export function hostName() {
  return checked<string>(
    'the name or address of a host',
    (text) => (/^[A-Za-z0-9._:-]{1,253}$/.test(text) ? text : undefined),
    'is not the name of a host',
  )
}

/** What names of metrics begin with, to be told from all others. */
export function metricPrefix() {
  return checked<string>(
    'lower-case letters, digits and underscores, with an underscore at the end, such as tollgate_',
    (text) => {
      if (!/^[a-z][a-z0-9_]{0,62}_$/.test(text)) return undefined
      return text.startsWith('ai_api_') ? new Wrong('is that of other metrics') : text
    },
    'is not a prefix',
  )
}

/** What stands in a URL as one part of its path. */
export function slug() {
  return checked<string>(
    'lower-case letters, digits, dashes and underscores, at most 64',
    (text) => (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(text) ? text : undefined),
    'does not fit into a path',
  )
}

/** https://www.rfc-editor.org/rfc/rfc9110#name-field-names */
export function headerName() {
  return checked<string>(
    'the name of a header',
    (text) => (/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/.test(text) ? text : undefined),
    'is not the name of a header',
  )
}

/** What a header may hold without anybody misreading it. */
export function headerValue() {
  return checked<string>(
    'visible ASCII characters and spaces, at most 4096',
    (text) => (/^[ -~]{1,4096}$/.test(text) ? text : undefined),
    'is not the value of a header',
  )
}
