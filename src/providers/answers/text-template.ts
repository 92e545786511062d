/**
 * The shape of an event that does nothing but add a piece of output, learnt from one such event. Streams repeat it
 * hundreds of times with another piece: an event of the same shape need not be parsed, which is most of a meter's cost.
 *
 * Exact, not a guess: every character outside the holes must be the same, a hole must be one JSON string or whole
 * number, and holes other than the output's are only made where the value cannot change what is read (counters,
 * padding). Whether that holds for an event is tried out when it is learnt.
 */
export interface TextTemplate {
  /** The piece of output that the event adds, or null where the event is of another shape. */
  match(event: string): string | null
}

type Hole = 'output' | 'string' | 'number' | 'space'

interface Part {
  readonly literal: string
  /** What follows the literal; null at the end. */
  readonly hole: Hole | null
}

/** Values that differ from event to event and say nothing about output, usage or the end. */
const inertStrings: ReadonlySet<string> = new Set(['obfuscation', 'id', 'item_id'])
const inertNumbers: ReadonlySet<string> = new Set([
  'created',
  'sequence_number',
  'index',
  'output_index',
  'content_index',
])

const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** Not longer: events with more in them are rare and gain nothing. */
const maxEventChars = 4_096

/**
 * @param piece what the event added to the output.
 * @param adds what an event with this JSON text adds to the output, or null where it does anything else as well.
 * @returns null where the event is not of such a shape.
 */
export function learnTemplate(
  event: string,
  piece: string,
  adds: (event: string) => string | null,
): TextTemplate | null {
  if (event.length > maxEventChars) return null
  const values = valuesOf(event)
  for (const output of values) {
    if (output.text[0] !== '"' || JSON.parse(output.text) !== piece) continue
    const parts = partsOf(event, values, output)
    if (adds(fill(parts)) === probe) return { match: (other) => matchParts(parts, other) }
  }
  return null
}

interface Value {
  readonly key: string
  readonly text: string
  readonly start: number
}

/** The strings and numbers of the JSON that are no keys, each with the key before it. */
function valuesOf(event: string): Value[] {
  const values: Value[] = []
  let key = ''
  for (const { 0: text, index: start } of event.matchAll(token)) {
    if (text[0] === '"' && /^\s*:/.test(event.slice(start + text.length, start + text.length + 3)))
      key = text.slice(1, -1)
    else values.push({ key, text, start })
  }
  return values
}

function partsOf(event: string, values: readonly Value[], output: Value): Part[] {
  const parts: Part[] = []
  let from = 0
  for (const value of values) {
    const hole = value === output ? 'output' : holeFor(value)
    if (hole === null) continue
    const quotes = hole === 'number' ? 0 : 1
    parts.push({ literal: event.slice(from, value.start + quotes), hole })
    from = value.start + value.text.length - quotes
  }
  // Anthropic pads its events with spaces before the last brace.
  const rest = event.slice(from)
  const padding = /^(.*[^ ]) *}$/s.exec(rest)
  if (padding === null) parts.push({ literal: rest, hole: null })
  else parts.push({ literal: padding[1] ?? '', hole: 'space' }, { literal: '}', hole: null })
  return parts
}

function holeFor({ key, text }: Value): Hole | null {
  if (text[0] === '"') return inertStrings.has(key) ? 'string' : null
  return inertNumbers.has(key) && wholeNumber.test(text) ? 'number' : null
}

const wholeNumber = /^\d{1,15}$/
const probe = 'a piece to try with'
const fillings: Readonly<Record<Hole, string>> = { output: probe, string: 'other', number: '73', space: '  ' }

function fill(parts: readonly Part[]): string {
  return parts.map(({ literal, hole }) => literal + (hole === null ? '' : fillings[hole])).join('')
}

function matchParts(parts: readonly Part[], event: string): string | null {
  let position = 0
  let output: string | null = null
  for (const { literal, hole } of parts) {
    // Compared as a substring: startsWith with a sliced string was measured to take four times as long.
    const literalEnd = position + literal.length
    if (event.substring(position, literalEnd) !== literal) return null
    position = literalEnd
    if (hole === null) return position === event.length && output !== null ? unescaped(output) : null
    const from = position
    if (hole === 'number') position = afterNumber(event, from)
    else if (hole === 'space') position = afterSpaces(event, from)
    else {
      position = event.indexOf('"', from)
      // A quote within the string, or no end: for the parser to find out.
      if (position < 0 || event.charCodeAt(position - 1) === backslash) return null
      const content = event.slice(from, position)
      if (hole === 'output') output = content
      else if (content.includes('\\')) return null
    }
    if (position < 0) return null
  }
  return null
}

const backslash = 0x5c

/** The string's value; null where it is no JSON string after all. */
function unescaped(raw: string): string | null {
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(`"${raw}"`)
  } catch {
    return null
  }
}

function afterNumber(event: string, from: number): number {
  let position = from
  while (isDigit(event.charCodeAt(position))) position += 1
  // Neither nothing nor a leading zero is a number in JSON; one too long is for the parser.
  const length = position - from
  return length === 0 || length > 15 || (length > 1 && event.charCodeAt(from) === 0x30) ? -1 : position
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function afterSpaces(event: string, from: number): number {
  let position = from
  while (event.charCodeAt(position) === 0x20) position += 1
  return position
}
