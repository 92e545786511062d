/** Where one member of a JSON object stands in the bytes. Ends are exclusive; the key's quotes are within its span. */
export interface Member {
  /** The key, its escapes resolved. */
  readonly key: string
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
}

export interface Span {
  readonly start: number
  readonly end: number
}

/** Replace the bytes of the span by the text; an empty span inserts. */
export interface Edit extends Span {
  readonly text: string
}

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/** Strings up to this length are walked byte by byte, longer ones are searched natively: a call costs more than a step. */
const shortStringBytes = 48

/** Where nothing opens or closes for so long, there are numbers, as in a vector: those are searched natively too. */
const walkedBytes = 128
/** What is searched is decoded first: a piece each, twice as large as the one before, so that little is decoded in vain. */
const firstPieceBytes = 256
const largestPieceBytes = 16_384
const marks = /["[\]{}]/

/** To decode a small body at once takes less time than to decode its keys one by one. */
const decodedWholeBytes = 16_384
/** Escapes, and bytes that are part of a longer character. */
const unusual = /[\\\x80-\xff]/

/**
 * The members of the JSON object whose `{` is the first byte after white space at `from`, duplicates included, in
 * order; null where there is no object there. One pass over the bytes: values are skipped, not parsed, and depth is
 * counted, so that no nesting can overflow the stack.
 *
 * The bytes should be known to be valid JSON (JSON.parse accepted them). For others the answer is null or meaningless,
 * but it always comes, and spans never leave the buffer.
 */
export function topLevelMembers(body: Buffer, from = 0): Member[] | null {
  let position = skipSpace(body, from)
  if (body[position] !== openBrace) return null
  const members: Member[] = []
  position = skipSpace(body, position + 1)
  if (body[position] === closeBrace) return members
  const latin1 = body.length <= decodedWholeBytes ? body.toString('latin1') : null
  for (;;) {
    if (body[position] !== quote) return null
    const keyStart = position
    const keyEnd = skipString(body, keyStart)
    if (keyEnd < 0) return null
    position = skipSpace(body, keyEnd)
    if (body[position] !== colon) return null
    const valueStart = skipSpace(body, position + 1)
    const valueEnd = skipValue(body, valueStart)
    if (valueEnd < 0) return null
    const plain = latin1?.slice(keyStart + 1, keyEnd - 1)
    const key = plain !== undefined && !unusual.test(plain) ? plain : decodeKey(body, keyStart, keyEnd)
    if (key === null) return null
    members.push({ key, keyStart, keyEnd, valueStart, valueEnd })
    position = skipSpace(body, valueEnd)
    if (body[position] === closeBrace) return members
    if (body[position] !== comma) return null
    position = skipSpace(body, position + 1)
  }
}

/**
 * How many members the object has that the text is, duplicates included. The text must be known to be a JSON object:
 * more members than JSON.parse made of it are as many duplicates.
 *
 * Of a string rather than of bytes, because it is searched for a quote in less time: everything else that a search
 * could look for, names as little as escapes, takes longer than to go from quote to quote.
 */
export function countMembers(text: string): number {
  let members = 0
  let depth = 0
  for (let position = 0; position < text.length; position += 1) {
    const code = text.charCodeAt(position)
    if (code === quote) {
      if (members === 0) members = 1
      position = closingQuote(text, position)
    } else if (code === comma) {
      if (depth === 1) members += 1
    } else if (code === openBrace || code === openBracket) depth += 1
    else if (code === closeBrace || code === closeBracket) depth -= 1
  }
  return members
}

/** The elements of the JSON array at `from`, like `topLevelMembers`; null where there is no array. */
export function elementSpans(body: Buffer, from = 0): Span[] | null {
  let position = skipSpace(body, from)
  if (body[position] !== openBracket) return null
  const spans: Span[] = []
  position = skipSpace(body, position + 1)
  if (body[position] === closeBracket) return spans
  for (;;) {
    const end = skipValue(body, position)
    if (end < 0) return null
    spans.push({ start: position, end })
    position = skipSpace(body, end)
    if (body[position] === closeBracket) return spans
    if (body[position] !== comma) return null
    position = skipSpace(body, position + 1)
  }
}

/** What is done to the members of one object. */
interface MemberChanges {
  /** Members to take out, each with one of its commas. */
  readonly remove: ReadonlySet<Member>
  /** JSON text to put in place of a value. */
  readonly replace: ReadonlyMap<Member, string>
  /** Whole members as JSON text (`"key":value`), added after the last one. */
  readonly append: readonly string[]
}

/**
 * The edits that change an object's members and leave every other byte alone. `members` must be all members of the
 * object, `openAt` where its `{` stands.
 */
export function memberEdits(members: readonly Member[], openAt: number, changes: MemberChanges): Edit[] {
  const edits: Edit[] = []
  let lastKept: Member | null = null
  for (const [index, member] of members.entries()) {
    if (!changes.remove.has(member)) {
      const text = changes.replace.get(member)
      if (text !== undefined) edits.push({ start: member.valueStart, end: member.valueEnd, text })
      lastKept = member
    } else if (lastKept !== null) {
      edits.push({ start: members[index - 1]?.valueEnd ?? member.keyStart, end: member.valueEnd, text: '' })
    } else {
      edits.push({ start: member.keyStart, end: members[index + 1]?.keyStart ?? member.valueEnd, text: '' })
    }
  }
  if (changes.append.length > 0) {
    const added = changes.append.join(',')
    const at = lastKept === null ? openAt + 1 : lastKept.valueEnd
    edits.push({ start: at, end: at, text: lastKept === null ? added : `,${added}` })
  }
  return edits
}

/**
 * A copy of the bytes with the edits applied, or the very same buffer where there are none. An insertion at the start
 * of another edit comes before it.
 *
 * @throws RangeError where edits overlap or leave the buffer.
 */
export function spliceBytes(body: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return body
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end)
  const pieces: Buffer[] = []
  let position = 0
  for (const { start, end, text } of ordered) {
    if (start < position || end < start || end > body.length) {
      throw new RangeError(`edit ${start}..${end} overlaps another or leaves the ${body.length} bytes`)
    }
    if (start > position) pieces.push(body.subarray(position, start))
    if (text !== '') pieces.push(Buffer.from(text))
    position = end
  }
  if (position < body.length) pieces.push(body.subarray(position))
  return Buffer.concat(pieces)
}

export function skipSpace(body: Buffer, from: number): number {
  let position = from
  for (;;) {
    const byte = body[position]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return position
    position += 1
  }
}

/** The position after the string whose opening quote is at `from`, or -1 where it never closes. */
export function skipString(body: Buffer, from: number): number {
  let position = from + 1
  for (;;) {
    // From each escaped quote anew: in text that is full of them every search would be a short one.
    const searchFrom = Math.min(position + shortStringBytes, body.length)
    while (position < searchFrom) {
      const byte = body[position]
      if (byte === quote) return position + 1
      position += byte === backslash ? 2 : 1
    }
    const found = body.indexOf(quote, position)
    if (found < 0) return -1
    let escapes = 0
    while (found - 1 - escapes >= position && body[found - 1 - escapes] === backslash) escapes += 1
    if (escapes % 2 === 0) return found + 1
    position = found + 1
  }
}

/** Where the string ends whose opening quote is at `from`; the end of the text where it never closes. */
export function closingQuote(text: string, from: number): number {
  for (let found = text.indexOf('"', from + 1); found !== -1; found = text.indexOf('"', found + 1)) {
    let escapes = 0
    while (text.charCodeAt(found - 1 - escapes) === backslash) escapes += 1
    if (escapes % 2 === 0) return found
  }
  return text.length
}

/** The position after the value at `from`, or -1 where it does not end. */
function skipValue(body: Buffer, from: number): number {
  const first = body[from]
  if (first === quote) return skipString(body, from)
  if (first === openBrace || first === openBracket) return skipNested(body, from)
  let position = from
  while (position < body.length) {
    const byte = body[position] ?? 0
    if (byte === comma || byte === closeBrace || byte === closeBracket || byte <= 0x20) break
    position += 1
  }
  return position === from ? -1 : position
}

function skipNested(body: Buffer, from: number): number {
  const length = body.length
  let depth = 0
  let position = from
  let walkedTo = from + walkedBytes
  while (position < length) {
    const byte = body[position]
    if (byte === quote) {
      position = skipString(body, position)
      if (position < 0) return -1
      walkedTo = position + walkedBytes
      continue
    }
    position += 1
    if (byte === openBrace || byte === openBracket) {
      depth += 1
      walkedTo = position + walkedBytes
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1
      if (depth === 0) return position
      walkedTo = position + walkedBytes
    } else if (position >= walkedTo) {
      position = nextMark(body, position)
      walkedTo = position + walkedBytes
    }
  }
  return -1
}

/** The position of the next byte that may open or close something; the body's length where there is none. */
function nextMark(body: Buffer, from: number): number {
  let start = from
  for (let bytes = firstPieceBytes; start < body.length; bytes = Math.min(2 * bytes, largestPieceBytes)) {
    const found = body.toString('latin1', start, start + bytes).search(marks)
    if (found !== -1) return start + found
    start += bytes
  }
  return body.length
}

function decodeKey(body: Buffer, start: number, end: number): string | null {
  const text = body.toString('utf8', start + 1, end - 1)
  if (!text.includes('\\')) return text
  try {
    return JSON.parse(`"${text}"`)
  } catch {
    return null
  }
}
