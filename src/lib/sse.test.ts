import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SseReader } from './sse.ts'

/** The standard's own algorithm on a whole text, as naive as can be. Data of blocks that no blank line ended come last. */
function naive(text: string): string[] {
  const events: string[] = []
  let data: string[] | null = null
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    if (line === '') {
      if (data !== null) events.push(data.join('\n'))
      data = null
      continue
    }
    const at = line.indexOf(':')
    const field = at < 0 ? line : line.slice(0, at)
    const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '')
    if (field === 'data') data = [...(data ?? []), value]
  }
  if (data !== null) events.push(data.join('\n'))
  return events
}

interface Seen {
  readonly data: string[]
  readonly bytes: string
  readonly oversized: number
}

function read(pieces: readonly Buffer[], maxBlockBytes = 1 << 20): Seen {
  const data: string[] = []
  let oversized = 0
  let bytes = ''
  let pending: Buffer = Buffer.alloc(0)
  let chunk: Buffer = Buffer.alloc(0)
  const reader = new SseReader(
    (block) => {
      if (block.hasData) data.push(block.bytes.toString('utf8', block.dataStart, block.dataEnd))
      if (block.oversized) oversized += 1
      bytes += Buffer.concat([pending, chunk.subarray(block.chunkStart, block.chunkEnd)]).toString('latin1')
      pending = Buffer.alloc(0)
    },
    { maxBlockBytes },
  )
  for (const piece of pieces) {
    chunk = piece
    const rest = reader.push(piece)
    pending = Buffer.concat([pending, piece.subarray(rest)])
  }
  chunk = Buffer.alloc(0)
  reader.end()
  return { data, bytes, oversized }
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
}

const fragments = fc.oneof(
  fc.constantFrom(
    'data: ',
    'data:',
    'data',
    'event: x',
    ': note',
    'id:1',
    'retry: 3',
    '{"a":1}',
    '\uFEFF',
    ' ',
    'é',
    '😀',
  ),
  fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\n\r\n', '\r\r', '\n\r', 'datax: 1', ':', '[DONE]'),
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const streams = fc.array(fragments, { maxLength: 40 }).map((parts) => Buffer.from(parts.join('')))
const cuts = fc.array(fc.nat(400), { maxLength: 12 })

test('reads what the naive model reads, whatever the cuts', () => {
  fc.assert(
    fc.property(streams, cuts, (bytes, at) => {
      assert.deepEqual(read(cutAt(bytes, at)).data, naive(bytes.toString('utf8')))
    }),
    { numRuns: 3000 },
  )
})

test('the blocks together are the stream, byte for byte', () => {
  fc.assert(
    fc.property(streams, cuts, (bytes, at) => {
      assert.equal(read(cutAt(bytes, at)).bytes, bytes.toString('latin1'))
    }),
    { numRuns: 2000 },
  )
})

test('a stream cut at every byte reads the same', () => {
  const bytes = Buffer.from(
    '\uFEFFevent: a\r\ndata: one\r\ndata: two\r\n\r\n: c\n\ndata:{"é":"😀"}\n\ndata: end\r\rdata: open',
  )
  const whole = read([bytes]).data
  assert.deepEqual(whole, ['one\ntwo', '{"é":"😀"}', 'end', 'open'])
  for (let at = 0; at <= bytes.length; at += 1) {
    assert.deepEqual(read([bytes.subarray(0, at), bytes.subarray(at)]).data, whole)
  }
  assert.deepEqual(read([...bytes].map((byte) => Buffer.from([byte]))).data, whole)
})

test('a block over the limit is passed on unread, wherever it is cut, and the next is read again', () => {
  const large = `data: ${'x'.repeat(100)}\n\n`
  const bytes = Buffer.from(`data: a\n\n${large}data: b\n\n`)
  fc.assert(
    fc.property(cuts, (at) => {
      const seen = read(cutAt(bytes, at), 64)
      assert.deepEqual(seen.data, ['a', 'b'])
      assert.equal(seen.oversized, 1)
      assert.equal(seen.bytes, bytes.toString('latin1'))
    }),
  )
})

test('shows the data of a block that is not over yet', () => {
  const reader = new SseReader(() => undefined, { maxBlockBytes: 1000 })
  reader.push(Buffer.from('data: a\n\nevent: x\ndata: [DONE]'))
  assert.equal(reader.pendingData(), '[DONE]')
  assert.equal(reader.lastPendingByte, 0x5d)
  reader.push(Buffer.from('\n\n'))
  assert.equal(reader.pendingData(), null)
})
