import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { answers } from '#test/upstream/made-answers.ts'
import { cutAt, readAnswer } from '#test/upstream/reading.ts'
import { AnswerReader } from './answer-reader.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

function check(text: string, expected: Partial<ReturnType<typeof readAnswer>>, method?: string): void {
  const reading = readAnswer([latin1(text)], method)
  assert.deepEqual(reading, { ...reading, ...expected })
}

test('the body of an answer is what its framing says', () => {
  check('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcd', { body: 'abc', outcome: 'whole' })
  check('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nabcd', { body: '', outcome: 'whole' })
  check('HTTP/1.1 200 OK\r\n\r\nabcd', { body: 'abcd', outcome: 'whole' })
  check('HTTP/1.1 204 No\r\n\r\nabcd', { body: '', outcome: 'whole' })
  check('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcd', { body: '', outcome: 'whole' }, 'HEAD')
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
  check(`${chunked}3\r\nabc\r\n0A;x="y"\r\n0123456789\r\n000\r\na: b\r\n\r\n`, {
    body: 'abc0123456789',
    outcome: 'whole',
  })
})

test('what is said before the answer is passed over', () => {
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na'
  check(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${answer}`, {
    status: 200,
    body: 'a',
    outcome: 'whole',
  })
})

test('who says again and again that the answer is to come is not listened to for ever', () => {
  const interim = 'HTTP/1.1 100 Continue\r\n\r\n'
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na'
  const reading = (count: number): string => readAnswer([latin1(interim.repeat(count) + answer)]).outcome
  assert.deepEqual([reading(100), reading(101)], ['whole', 'malformed'])
  const eachAlone = Array.from({ length: 101 }, () => latin1(interim))
  assert.equal(readAnswer(eachAlone).outcome, 'malformed')
})

test('an answer that ends early is cut off, not whole', () => {
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
  check('', { outcome: 'cut_off' })
  check('HTTP/1.1 200 OK\r\ncontent-len', { status: 0, outcome: 'cut_off' })
  check('HTTP/1.1 103 Early Hints\r\n\r\n', { status: 0, outcome: 'cut_off' })
  check('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc', { body: 'abc', outcome: 'cut_off' })
  check(`${chunked}3\r\nabc`, { body: 'abc', outcome: 'cut_off' })
  check(`${chunked}3\r\nabc\r\n0\r\n`, { body: 'abc', outcome: 'cut_off' })
})

const chunkedHead = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
const malformed: readonly (readonly [name: string, text: string])[] = [
  ['a chunk without a size', `${chunkedHead}\r\nabc`],
  ['a size that is no number', `${chunkedHead}xyz\r\nabc`],
  ['a negative size', `${chunkedHead}-3\r\nabc\r\n0\r\n\r\n`],
  ['a size with a prefix', `${chunkedHead}0x3\r\nabc\r\n0\r\n\r\n`],
  ['a size with a space', `${chunkedHead}3 \r\nabc\r\n0\r\n\r\n`],
  ['a size that no number can be', `${chunkedHead}ffffffffffffffff\r\nabc`],
  ['a size that never ends', `${chunkedHead}${'0'.repeat(20)}3\r\nabc`],
  ['a size ended by a line feed alone', `${chunkedHead}3\nabc\r\n0\r\n\r\n`],
  ['an extension with a line feed', `${chunkedHead}3;a\nabc\r\n0\r\n\r\n`],
  ['an extension that never ends', `${chunkedHead}3;${'a'.repeat(5_000)}\r\nabc\r\n0\r\n\r\n`],
  ['a chunk longer than said', `${chunkedHead}2\r\nabc\r\n0\r\n\r\n`],
  ['a chunk ended by a line feed alone', `${chunkedHead}3\r\nabc\n0\r\n\r\n`],
  ['a trailer that is none', `${chunkedHead}0\r\nabc\r\n\r\n`],
  ['a trailer ended by a line feed alone', `${chunkedHead}0\r\na: b\n\r\n`],
  ['an end by a line feed alone', `${chunkedHead}0\r\n\n`],
  ['trailers without an end', `${chunkedHead}0\r\n${'a: b\r\n'.repeat(20_000)}`],
  ['a head without an end', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(70_000)}`],
  ['a head that is too large', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(70_000)}\r\n\r\n`],
  ['a beginning that is none', 'SSH-2.0'],
  ['a beginning with a bare line feed', 'HTTP/1.1 200 OK\nx'],
  ['a malformed line and then nothing', 'HTTP/1.1 200 OK\r\ncontent-type\r\nx'],
  ['a malformed interim answer', `HTTP/1.1 100\r\nx\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`],
]
for (const [name, text] of malformed) {
  test(`an answer with ${name} is malformed, in one piece or byte by byte`, () => {
    const bytes = latin1(text)
    assert.equal(readAnswer([bytes]).outcome, 'malformed')
    const single = Array.from(bytes, (byte) => Buffer.from([byte]))
    assert.equal(readAnswer(single).outcome, 'malformed')
  })
}

const ignoring = { takeHead: () => {}, takeBytes: () => true, takeEnd: () => {} }

test('who cannot be a server of HTTP is found out before its line has an end', () => {
  const reader = new AnswerReader(ignoring)
  reader.begin('POST')
  assert.equal(reader.read(latin1('HT')), 2)
  assert.throws(() => reader.read(latin1('ML')), /no HTTP/)
})

test('what came at a time is handed on at a time, however many chunks it is in, and told is what lies behind the end', () => {
  const pieces: string[] = []
  const ends: boolean[] = []
  const reader = new AnswerReader({
    takeHead: () => {},
    takeBytes: (piece) => pieces.push(piece.toString()) > 0,
    takeEnd: (excess) => ends.push(excess),
  })
  reader.begin('POST')
  const came = [`${chunkedHead}1\r\na\r\n2\r\nbc`, '\r\n1\r\nd\r\n1\r\ne\r\n0\r\n\r\nmore']
  const read = came.map((text) => text.slice(reader.read(latin1(text))))
  assert.deepEqual(pieces, ['abc', 'de'])
  assert.deepEqual([ends, read], [[true], ['', 'more']])
})

test('what came before a chunk that is none is handed on', () => {
  check(`${chunkedHead}1\r\na\r\n2\r\nbc\r\nx\r\n`, { body: 'abc', outcome: 'malformed' })
})

test('one reader reads one answer after another', () => {
  const seen: string[] = []
  const reader = new AnswerReader({
    takeHead: ({ status }) => seen.push(String(status)),
    takeBytes: (piece) => seen.push(piece.toString()) > 0,
    takeEnd: () => seen.push('end'),
  })
  const answers = [
    `${chunkedHead}1\r\na\r\n0\r\n\r\n`,
    'HTTP/1.1 204 No\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nb',
  ]
  for (const answer of [...answers, ...answers]) {
    reader.begin('GET')
    for (const piece of cutAt(latin1(answer), [7, 20, 31])) reader.read(piece)
  }
  assert.deepEqual(seen.join(' '), '200 a end 204 end 200 b end 200 a end 204 end 200 b end')
})

const places = fc.array(fc.nat(), { maxLength: 20 })

test('an answer is read as it was meant, however it is cut', () => {
  fc.assert(
    fc.property(answers, places, (made, cuts) => {
      const reading = readAnswer(cutAt(latin1(made.text), cuts))
      const expected: Record<string, string[]> = Object.create(null)
      for (const [key, text] of made.fields) {
        const lowered = key.toLowerCase()
        expected[lowered] = [...(expected[lowered] ?? []), text.replace(/^[ \t]+|[ \t]+$/g, '')]
      }
      const read = Object.fromEntries(Object.entries(reading.headers).map(([key, text]) => [key, [text].flat()]))
      assert.deepEqual(read, { ...expected })
      const { status, body } = made
      assert.deepEqual([reading.outcome, reading.status, reading.body], ['whole', status, body])
    }),
    { numRuns: 2_000 },
  )
})

test('what is spoiled or cut off is read alike, however it is cut', () => {
  const spoiled = fc.record({
    at: fc.nat(),
    code: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 10, 13, 32, 58)),
  })
  fc.assert(
    fc.property(
      answers,
      places,
      fc.array(spoiled, { maxLength: 3 }),
      fc.option(fc.nat()),
      (made, cuts, faults, end) => {
        const bytes = latin1(made.text)
        for (const { at, code } of faults) bytes[at % bytes.length] = code
        const sent = end === null ? bytes : bytes.subarray(0, end % bytes.length)
        assert.deepEqual(readAnswer(cutAt(sent, cuts)), readAnswer([sent]))
      },
    ),
    { numRuns: 5_000 },
  )
})
