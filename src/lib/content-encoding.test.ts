import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { BodyDecoder, type ContentEncoding, contentEncodingsOf, decodeWhole, encodeWhole } from './content-encoding.ts'

const encoders: readonly (readonly [ContentEncoding, (body: Buffer) => Buffer])[] = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
]

describe('content encoding', () => {
  for (const [encoding, encode] of encoders) {
    it(`reads ${encoding}, whole and however it is cut`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ maxLength: 2_000 }), fc.integer({ min: 1, max: 300 }), async (text, size) => {
          const body = encode(Buffer.from(text))
          assert.equal(decodeWhole([encoding], body, 10_000)?.toString(), text)
          assert.deepEqual(
            decodeWhole([encoding], encodeWhole([encoding], Buffer.from(text)), 10_000),
            Buffer.from(text),
          )
          assert.equal(await decodeInPieces([encoding], body, size), text)
        }),
        { numRuns: 50 },
      )
    })

    it(`gives up on what is not ${encoding}, and on what would become too large`, async () => {
      assert.equal(decodeWhole([encoding], Buffer.from('<p>plain</p>'), 10_000), null)
      assert.equal(decodeWhole([encoding], encode(Buffer.alloc(1_000_000)), 10_000), null)
      assert.equal(await decodeInPieces([encoding], Buffer.from('<p>plain, and long enough</p>'), 5), '')
    })
  }

  it('knows an encoding by its name', () => {
    assert.deepEqual(contentEncodingsOf('GZIP '), ['gzip'])
    assert.deepEqual(contentEncodingsOf('x-gzip'), ['gzip'])
    assert.equal(contentEncodingsOf('identity'), null)
    assert.equal(contentEncodingsOf(''), null)
    assert.deepEqual(contentEncodingsOf('gzip, identity, br'), ['gzip', 'br'])
    assert.equal(contentEncodingsOf('gzip, utf-8'), 'unknown')
    assert.equal(contentEncodingsOf('gzip, gzip, gzip, gzip'), 'unknown')
    assert.equal(contentEncodingsOf(undefined), null)
  })

  it('reads what was encoded more than once, in order', async () => {
    const body = brotliCompressSync(gzipSync('twice'))
    assert.equal(decodeWhole(['gzip', 'br'], body, 10_000)?.toString(), 'twice')
    assert.equal(await decodeInPieces(['gzip', 'br'], body, 3), 'twice')
  })

  it('reads deflate without its head', async () => {
    const body = deflateRawSync('without a head')
    assert.equal(decodeWhole(['deflate'], body, 10_000)?.toString(), 'without a head')
    assert.equal(await decodeInPieces(['deflate'], body, 3), 'without a head')
  })

  it('reads what there is of a body that was cut short', () => {
    const text = Array.from({ length: 5_000 }, (_, index) => `${index} `).join('')
    const body = gzipSync(text)
    const part = decodeWhole(['gzip'], body.subarray(0, body.length / 2), 1_000_000)?.toString() ?? ''
    assert.ok(part.length > 1_000 && part.length < text.length && text.startsWith(part))
  })
})

async function decodeInPieces(encodings: readonly ContentEncoding[], body: Buffer, size: number): Promise<string> {
  const decoder = new BodyDecoder(encodings)
  const decoded: Buffer[] = []
  for (let at = 0; at < body.length; at += size) decoded.push(...(await decoder.push(body.subarray(at, at + size))))
  decoder.close()
  return Buffer.concat(decoded).toString()
}
