import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { BodyDecoder, type ContentEncoding, contentEncodingOf, decodeWhole, encodeWhole } from './content-encoding.ts'

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
          assert.equal(decodeWhole(encoding, body, 10_000)?.toString(), text)
          assert.deepEqual(decodeWhole(encoding, encodeWhole(encoding, Buffer.from(text)), 10_000), Buffer.from(text))
          assert.equal(await decodeInPieces(encoding, body, size), text)
        }),
        { numRuns: 50 },
      )
    })

    it(`gives up on what is not ${encoding}, and on what would become too large`, async () => {
      assert.equal(decodeWhole(encoding, Buffer.from('{"plain":true}'), 10_000), null)
      assert.equal(decodeWhole(encoding, encode(Buffer.alloc(1_000_000)), 10_000), null)
      assert.equal(await decodeInPieces(encoding, Buffer.from('{"plain":true, "and":"long enough"}'), 5), '')
    })
  }

  it('knows an encoding by its name', () => {
    assert.equal(contentEncodingOf('GZIP '), 'gzip')
    assert.equal(contentEncodingOf('x-gzip'), 'gzip')
    assert.equal(contentEncodingOf('identity'), null)
    assert.equal(contentEncodingOf('gzip, br'), null)
    assert.equal(contentEncodingOf(undefined), null)
  })
})

async function decodeInPieces(encoding: ContentEncoding, body: Buffer, size: number): Promise<string> {
  const decoder = new BodyDecoder(encoding)
  const decoded: Buffer[] = []
  for (let at = 0; at < body.length; at += size) decoded.push(...(await decoder.push(body.subarray(at, at + size))))
  decoder.close()
  return Buffer.concat(decoded).toString()
}
