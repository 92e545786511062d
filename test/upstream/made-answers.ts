import fc from 'fast-check'

/** An answer on the wire, one character a byte, and what it says. */
export interface MadeAnswer {
  readonly text: string
  readonly status: number
  /** Names and values as they were written. */
  readonly fields: readonly Field[]
  readonly body: string
}

type Field = [name: string, value: string]

const tokenChars = [..."!#$%&'*+-.^_`|~0123456789abcxyzABCXYZ"]
const name = fc.string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 20 }).map((text) => `x${text}`)
const byte = fc
  .integer({ min: 0x21, max: 0xff })
  .filter((code) => code !== 0x7f)
  .map((code) => String.fromCharCode(code))
const value = fc.string({ unit: fc.oneof(byte, fc.constantFrom(' ', '\t')), maxLength: 30 })
const fields = fc.array(fc.tuple(name, value), { maxLength: 8 })
const content = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 200,
})
const interims = fc.array(fc.tuple(fc.constantFrom(100, 102, 103, 199), fields), { maxLength: 3 })

function head(status: number, all: readonly Field[]): string {
  return `HTTP/1.1 ${status} Reason\r\n${all.map(([key, text]) => `${key}: ${text}\r\n`).join('')}\r\n`
}

const framed: fc.Arbitrary<{ status: number; field: Field[]; wire: string; body: string }> = fc.oneof(
  content.map((body) => ({
    status: 200,
    field: [['Content-Length', String(body.length)]] as Field[],
    wire: body,
    body,
  })),
  content.map((body) => ({ status: 500, field: [] as Field[], wire: body, body })),
  fc.constantFrom(204, 304).map((status) => ({ status, field: [] as Field[], wire: '', body: '' })),
  fc
    .tuple(
      fc.array(
        content.filter((text) => text !== ''),
        { maxLength: 5 },
      ),
      fc.boolean(),
      fields,
    )
    .map(([pieces, extended, trailers]) => {
      const chunks = pieces.map((text) => `${text.length.toString(16)}${extended ? ';a="b c"' : ''}\r\n${text}\r\n`)
      const end = `0\r\n${trailers.map(([key, text]) => `${key}: ${text}\r\n`).join('')}\r\n`
      const field: Field[] = [['Transfer-Encoding', 'chunked']]
      return { status: 200, field, wire: chunks.join('') + end, body: pieces.join('') }
    }),
)

/** Answers with every framing, with fields that nobody expects and with word before them that they are to come. */
export const answers: fc.Arbitrary<MadeAnswer> = fc
  .tuple(interims, framed, fields, fields)
  .map(([before, { status, field, wire, body }, first, last]) => {
    const all = [...first, ...field, ...last]
    const early = before.map(([code, of]) => head(code, of)).join('')
    return { text: early + head(status, all) + wire, body, status, fields: all }
  })
