import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { chainAfter, genesisChain } from './chain.ts'
import { type FrameToSeal, frameHeadroomBytes, parseFrame, sealFrame } from './frame.ts'
import { LineWriter } from './line-writer.ts'

/** Numbers of every length that the form of a header allows. */
const numbers = fc.oneof(
  fc.nat(20),
  fc.nat({ max: 999_999_999_999_999 }),
  fc.integer({ min: 1, max: 14 }).map((digits) => 10 ** digits),
  fc.integer({ min: 1, max: 15 }).map((digits) => 10 ** digits - 1),
)
const frames: fc.Arbitrary<FrameToSeal> = fc.record({
  kind: fc.constantFrom('block', 'segment'),
  number: numbers,
  lineCount: fc.integer({ min: 1, max: 999_999_999 }),
})
const chains = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))

function sealed(frame: FrameToSeal, lines: readonly string[], previous = genesisChain) {
  const writer = new LineWriter({ headroomBytes: frameHeadroomBytes, bytes: 64 })
  for (const line of lines) writer.line(line)
  const { bytes, chain } = sealFrame(frame, writer, previous)
  return { bytes: Buffer.from(bytes), chain }
}

test('a sealed frame is its header, spelled out, and its lines', () => {
  const lines = fc.array(fc.string(), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(frames, lines, chains, (frame, texts, previous) => {
      const body = Buffer.from(texts.map((text) => `${text}\n`).join(''))
      const chain = chainAfter(previous, body)
      const crc = crc32(body).toString(16).padStart(8, '0')
      const magic = frame.kind === 'block' ? 'TG1' : 'TGS1'
      const header = `${magic} ${frame.number} ${body.length} ${frame.lineCount} ${crc} ${chain}\n`
      assert.deepEqual(sealed(frame, texts, previous), {
        bytes: Buffer.concat([Buffer.from(header), body]),
        chain,
      })
    }),
    { numRuns: 2000 },
  )
})

test('a checksum that begins with zeros has eight digits', () => {
  let text = ''
  for (let tries = 0; crc32(`${text}\n`) >= 2 ** 20; tries++) text = String(tries)
  const { bytes, chain } = sealed({ kind: 'block', number: 7, lineCount: 1 }, [text])
  assert.match(bytes.toString('latin1'), /^TG1 7 \d+ 1 000[0-9a-f]{5} [0-9a-f]{64}\n/)
  const frame = parseFrame(bytes, 0)
  assert.equal(frame.kind, 'block')
  assert.equal('chain' in frame && frame.chain, chain)
})
