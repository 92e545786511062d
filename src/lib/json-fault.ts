/**
 * The UTF-16 position of the first character at which the text cannot be JSON (RFC 8259) any more: its length where it
 * merely ends too early, -1 where it is JSON. Walks without recursion. V8's own messages name a position for some texts
 * only, and quote what stands around it.
 */
export function jsonFaultPosition(text: string): number {
  /** The closing brackets that are still to come. */
  const open: ('}' | ']')[] = []
  let position = skip(space, text, 0)
  let expected: 'value' | 'value or ]' | 'key' | 'key or }' | 'comma' = 'value'
  for (;;) {
    const char = text[position]
    if (expected === 'comma') {
      if (open.length === 0) return position === text.length ? -1 : position
      if (char === open.at(-1)) open.pop()
      else if (char === ',') expected = open.at(-1) === '}' ? 'key' : 'value'
      else return position
      position += 1
    } else if ((expected === 'value or ]' && char === ']') || (expected === 'key or }' && char === '}')) {
      open.pop()
      expected = 'comma'
      position += 1
    } else if (expected === 'key' || expected === 'key or }') {
      const { end, whole } = skipString(text, position)
      if (!whole) return end
      position = skip(space, text, end)
      if (text[position] !== ':') return position
      position += 1
      expected = 'value'
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? '}' : ']')
      expected = char === '{' ? 'key or }' : 'value or ]'
      position += 1
    } else {
      const { end, whole } = skipScalar(text, position)
      if (!whole) return end
      position = end
      expected = 'comma'
    }
    position = skip(space, text, position)
  }
}

const space = /[ \t\n\r]*/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : from
}

/** A number, a word or a string; `end` is where it ends or, where it is none, where it goes wrong. */
function skipScalar(text: string, from: number): { end: number; whole: boolean } {
  if (text[from] === '"') return skipString(text, from)
  const end = skip(number, text, from)
  return { end, whole: end > from }
}

/** By hand: an expression that repeats a choice overflows its stack on strings of 20 million characters. */
function skipString(text: string, from: number): { end: number; whole: boolean } {
  if (text[from] !== '"') return { end: from, whole: false }
  let position = from + 1
  while (position < text.length) {
    const unit = text.charCodeAt(position)
    if (unit === 0x22) return { end: position + 1, whole: true }
    if (unit < 0x20) break
    const next = unit === 0x5c ? skip(escapeSequence, text, position) : position + 1
    if (next === position) break
    position = next
  }
  return { end: position, whole: false }
}
