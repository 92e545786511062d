import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readPlainHead } from './request-head.ts'
import { RequestHeads } from './request-heads.ts'

function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

const requestLine = fc.constantFrom('POST /a HTTP/1.1', 'POST /b HTTP/1.1', 'GET /a HTTP/1.1', 'POST /a HTTP/1.0')
const lengthLine = fc
  .tuple(
    fc.constantFrom('Content-Length', 'content-length', 'x-content-length', 'transfer-encoding'),
    fc.constantFrom(':', ': ', ':\t '),
    fc.oneof(
      fc.nat(30).map(String),
      fc.constantFrom(
        '',
        '012',
        '+12',
        '1 2',
        '1,2',
        '123456789',
        '1234567890',
        '12\r\nx-b: 1',
        '1\r\ncontent-length: 1',
      ),
    ),
    fc.constantFrom('', ' ', '\t'),
  )
  .map((parts) => parts.join(''))
const otherLine = fc.constantFrom(
  '7: 7',
  'x-a: 1',
  'x-a: content-length: 3',
  'connection: close',
  'Accept: */*',
  'te: a',
)
const heads = fc
  .tuple(
    requestLine,
    fc.array(otherLine, { maxLength: 1 }),
    fc.array(lengthLine, { maxLength: 1 }),
    fc.array(otherLine, { maxLength: 2 }),
  )
  .map(([first, before, length, behind]) => bytesOf([first, 'Host: a', ...before, ...length, ...behind]))

const value = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom('a  b', ' a\t', '\xa0a', 'a\u000b', 'a\nb: c', 'a\rb', 'a\r\nb: c', '\u0000', 'keep-alive', 'close'),
)
const odd = fc
  .tuple(fc.constantFrom('x-a', 'X-A', 'connection', 'x-ab'), fc.constantFrom(':', ': ', ' :'), value)
  .map((parts) => parts.join(''))

/** Most are like the one before them in all but one part, as those of a client are. */
const usual = fc
  .tuple(lengthLine, odd)
  .map(([length, line]) => bytesOf(['POST /a HTTP/1.1', 'Host: a', '7: 7', length, line, 'Accept: */*']))

test('whatever head came before, the next is read as if it were the first', () => {
  let repeated = 0
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 4, arbitrary: usual }, heads), { minLength: 2, maxLength: 12 }), (all) => {
      const reader = new RequestHeads()
      let before = false
      for (const bytes of all) {
        const head = reader.read(bytes)
        assert.deepEqual(head, readPlainHead(bytes), bytes.toString('latin1'))
        if (before && head !== null) repeated += 1
        before = head !== null
      }
    }),
    { numRuns: 10_000 },
  )
  assert.ok(repeated > 1_500, `only ${repeated} heads came after another`)
})

test('a head that is not whole, and one that is too long, are nothing to go by', () => {
  const reader = new RequestHeads()
  const head = bytesOf(['POST /a HTTP/1.1', 'host: a', 'content-length: 3'])
  const longer = bytesOf(['POST /a HTTP/1.1', 'host: a', `x-a: ${'a'.repeat(16_384)}`, 'content-length: 3'])
  for (const bytes of [head, head.subarray(0, -1), longer, head, head.subarray(0, -4), head]) {
    assert.deepEqual(reader.read(bytes), readPlainHead(bytes))
  }
})
