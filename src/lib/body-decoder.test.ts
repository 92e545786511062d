import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { BodyDecoder, DecodedTooLarge, decodeWhole } from './body-decoder.ts'
import { type ContentEncoding, encodeWhole } from './content-encoding.ts'

const encoders: readonly (readonly [ContentEncoding, (body: Buffer) => Buffer])[] = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
]

const most = (): number => 10_000_000
const numbers = Buffer.from(Array.from({ length: 100_000 }, (_, index) => `${index} `).join(''))

describe('decoding a body', () => {
  for (const [encoding, encode] of encoders) {
    it(`reads ${encoding}, whole and however it is cut`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ maxLength: 2_000 }), fc.integer({ min: 1, max: 300 }), async (text, size) => {
          const body = encode(Buffer.from(text))
          assert.deepEqual(await decodeWhole([encoding], body, most), { bytes: Buffer.from(text), whole: true })
          const again = await encodeWhole([encoding], Buffer.from(text))
          assert.deepEqual(await decodeWhole([encoding], again, most), { bytes: Buffer.from(text), whole: true })
          assert.deepEqual(await inPieces([encoding], body, size), { text, whole: true })
        }),
        { numRuns: 50 },
      )
    })

    it(`gives up on what is not ${encoding}`, async () => {
      assert.equal(await decodeWhole([encoding], Buffer.from('<p>plain</p>'), most), null)
      const plain = Buffer.from('<p>plain, and long enough</p>')
      assert.deepEqual(await inPieces([encoding], plain, 5), { text: '', whole: false })
    })

    it(`gives up on what becomes too large by ${encoding}, for what came of it`, async () => {
      const body = encode(Buffer.alloc(1_000_000))
      const within = (cameBytes: number): number => 999_999 + cameBytes - body.length
      await assert.rejects(decodeWhole([encoding], body, within), DecodedTooLarge)
      const enough = await decodeWhole([encoding], body, (cameBytes) => within(cameBytes) + 1)
      assert.deepEqual(enough, { bytes: Buffer.alloc(1_000_000), whole: true })
    })

    it(`reads what there is of ${encoding} that is cut short, and does not call it whole`, async () => {
      const body = encode(numbers)
      for (const length of [body.length - 1, Math.floor(body.length * 0.8)]) {
        const part = await decodeWhole([encoding], body.subarray(0, length), most)
        assert.equal(part?.whole, false)
        assert.ok(part.bytes.length > 100_000, `${part.bytes.length}`)
        assert.deepEqual(part.bytes, numbers.subarray(0, part.bytes.length))
      }
    })

    it(`has nothing more to say of ${encoding} behind its end`, async () => {
      const decoder = new BodyDecoder([encoding], most)
      const read: Buffer[] = []
      for (const chunk of [encode(numbers), Buffer.from('xyz'), Buffer.from('and more')])
        for await (const piece of decoder.push(chunk)) read.push(piece)
      assert.deepEqual(Buffer.concat(read), numbers)
      const atOnce = new BodyDecoder([encoding], most)
      const chunk = Buffer.concat([encode(Buffer.from('short')), Buffer.from('xyz')])
      for await (const piece of atOnce.push(chunk)) assert.equal(piece.toString(), 'short')
    })

    it(`decodes ${encoding} no faster than it is read`, async () => {
      const body = await encodeWhole([encoding], Buffer.alloc(64 * 1024 * 1024, ' '))
      const before = process.memoryUsage().arrayBuffers
      const decoder = new BodyDecoder([encoding], () => Number.POSITIVE_INFINITY)
      const pieces = decoder.push(body)
      const first = await pieces.next()
      assert.ok(first.done !== true && first.value.length < 1_000_000)
      // As long as another body takes to be decoded, a decoder that does not wait goes on.
      assert.deepEqual((await decodeWhole(['gzip'], gzipSync(numbers), most))?.bytes, numbers)
      const heldBytes = process.memoryUsage().arrayBuffers - before
      assert.ok(heldBytes < 16_000_000, `${heldBytes} bytes are held`)
      decoder.close()
      let restBytes = 0
      for await (const piece of pieces) restBytes += piece.length
      assert.ok(restBytes < 1_000_000, 'closed, it goes on')
    })
  }

  it('reads what was encoded more than once, in order', async () => {
    const body = brotliCompressSync(gzipSync('twice'))
    assert.deepEqual(await decodeWhole(['gzip', 'br'], body, most), { bytes: Buffer.from('twice'), whole: true })
    assert.deepEqual(await inPieces(['gzip', 'br'], body, 3), { text: 'twice', whole: true })
    const cut = brotliCompressSync(gzipSync(numbers).subarray(0, 100_000))
    assert.equal((await decodeWhole(['gzip', 'br'], cut, most))?.whole, false)
  })

  it('counts what a step makes, though the next can make nothing of it', async () => {
    const body = gzipSync(Buffer.alloc(1_000_000))
    await assert.rejects(
      decodeWhole(['br', 'gzip'], body, () => 500_000),
      DecodedTooLarge,
    )
  })

  it('reads deflate without its head', async () => {
    const body = deflateRawSync('without a head')
    const { bytes, whole } = (await decodeWhole(['deflate'], body, most)) ?? {}
    assert.deepEqual([bytes?.toString(), whole], ['without a head', true])
    assert.deepEqual(await inPieces(['deflate'], body, 3), { text: 'without a head', whole: true })
  })
})

async function inPieces(encodings: readonly ContentEncoding[], body: Buffer, size: number) {
  const decoder = new BodyDecoder(encodings, most)
  const decoded: Buffer[] = []
  for (let at = 0; at < body.length; at += size)
    for await (const piece of decoder.push(body.subarray(at, at + size))) decoded.push(piece)
  for await (const piece of decoder.end()) decoded.push(piece)
  decoder.close()
  return { text: Buffer.concat(decoded).toString(), whole: decoder.whole }
}
