/** What a caller asks the simulation to do with one request. An absent field changes nothing. */
export interface Directives {
  // what is generated
  readonly tokens?: number
  readonly reasoning?: number
  /** Reported input tokens, whatever was sent. */
  readonly input?: number
  readonly cached?: number
  readonly searches?: number
  readonly text?: string
  // pace
  /** Times as fast; 0 = without waiting. */
  readonly speed?: number
  readonly ttftMs?: number
  readonly tokensPerSecond?: number
  // failure: answers
  readonly status?: number
  readonly retryAfter?: string
  readonly message?: string
  readonly html?: boolean
  // failure: the connection. Numbers count events; -1 = before the headers, 0 = after them
  readonly resetAfter?: number
  readonly stallAfter?: number
  /** How long a stall lasts; absent = until the caller leaves. */
  readonly stallMs?: number
  // failure: the body
  /** The stream ends cleanly, but too early, after so many events. */
  readonly endAfter?: number
  readonly malformedAt?: number
  readonly halfAt?: number
  readonly errorAfter?: number
  readonly noUsage?: boolean
  readonly repeatUsage?: number
  /** Bytes of one write. */
  readonly cut?: number
  /** Milliseconds between two writes of `cut` bytes. */
  readonly dripMs?: number
  readonly contentLengthOff?: number
  readonly gzip?: boolean
  // when
  /** Only the first so many requests with the same key fail. */
  readonly times?: number
  readonly key?: string
  /** `provider/file` of a recording to answer with. */
  readonly replay?: string
}

type Field = keyof Directives
type Kind = 'number' | 'text' | 'flag' | 'place'

const grammar: Readonly<Record<string, readonly [Field, Kind]>> = {
  tokens: ['tokens', 'number'],
  reasoning: ['reasoning', 'number'],
  input: ['input', 'number'],
  cached: ['cached', 'number'],
  searches: ['searches', 'number'],
  text: ['text', 'text'],
  speed: ['speed', 'number'],
  ttft: ['ttftMs', 'number'],
  tps: ['tokensPerSecond', 'number'],
  status: ['status', 'number'],
  'retry-after': ['retryAfter', 'text'],
  message: ['message', 'text'],
  html: ['html', 'flag'],
  reset: ['resetAfter', 'place'],
  stall: ['stallAfter', 'place'],
  'stall-ms': ['stallMs', 'number'],
  end: ['endAfter', 'number'],
  malformed: ['malformedAt', 'number'],
  half: ['halfAt', 'number'],
  error: ['errorAfter', 'number'],
  'no-usage': ['noUsage', 'flag'],
  'repeat-usage': ['repeatUsage', 'number'],
  cut: ['cut', 'number'],
  drip: ['dripMs', 'number'],
  'content-length': ['contentLengthOff', 'number'],
  gzip: ['gzip', 'flag'],
  times: ['times', 'number'],
  key: ['key', 'text'],
  replay: ['replay', 'text'],
}

export const noDirectives: Directives = {}

/** The fields that make a request fail, and so count against `times`. */
const failing: readonly Field[] = [
  ...(['status', 'html', 'resetAfter', 'stallAfter', 'endAfter', 'malformedAt', 'halfAt', 'errorAfter'] as const),
  ...(['noUsage', 'repeatUsage', 'contentLengthOff', 'gzip'] as const),
]

export class DirectiveFault extends Error {
  override readonly name = 'DirectiveFault'
}

/**
 * Reads `status=429 retry-after=1 times=2`: words apart by blanks, commas or semicolons, each a name or name=value. In a
 * value `+` stands for a blank.
 *
 * @throws DirectiveFault naming the word that is not understood, and all that are.
 */
export function parseDirectives(source: string): Directives {
  const found: Record<string, number | string | boolean> = {}
  for (const word of source.split(/[\s,;]+/)) {
    if (word === '') continue
    const at = word.indexOf('=')
    const name = at < 0 ? word : word.slice(0, at)
    const rule = Object.hasOwn(grammar, name) ? grammar[name] : undefined
    if (!rule) {
      throw new DirectiveFault(`unknown simulation directive "${name}"; known: ${Object.keys(grammar).join(' ')}`)
    }
    found[rule[0]] = readValue(name, at < 0 ? null : word.slice(at + 1), rule[1])
  }
  return found as Directives
}

function readValue(name: string, value: string | null, kind: Kind): number | string | boolean {
  if (kind === 'flag') return value !== 'false'
  if (kind === 'place' && value === 'before-headers') return -1
  if (kind === 'place' && (value === null || value === 'after-headers')) return 0
  if (value === null) throw new DirectiveFault(`simulation directive "${name}" needs a value: ${name}=…`)
  if (kind === 'text') return value.replaceAll('+', ' ')
  const number = Number(value)
  if (!Number.isFinite(number)) throw new DirectiveFault(`simulation directive "${name}": "${value}" is not a number`)
  return number
}

const inText = /\[\[simulate:([^\]]*)\]\]/g

/** What a request body asks for by `[[simulate: …]]`; the last place counts, which is in the last thing said. */
export function directivesIn(text: string): Directives {
  let last = ''
  for (const match of text.matchAll(inText)) last = match[1] ?? ''
  return last === '' ? noDirectives : parseDirectives(last)
}

export function isFailing(directives: Directives): boolean {
  return failing.some((field) => directives[field] !== undefined)
}

/** The same wishes without any failure: what a retry gets after `times` attempts. */
export function withoutFailures(directives: Directives): Directives {
  const kept: Record<string, unknown> = { ...directives }
  for (const field of failing) delete kept[field]
  return kept
}
