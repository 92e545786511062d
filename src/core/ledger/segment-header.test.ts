import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chainAfter, genesisChain } from './chain.ts'
import { type FrameKind, frameHeadroomBytes, parseFrame, sealFrame } from './frame.ts'
import { LineWriter } from './line-writer.ts'
import { ChainWalk, decodeSegmentHeader, encodeSegmentHeader } from './segment-header.ts'

const other = chainAfter(genesisChain, Buffer.from('another journal'))

function header(previousChain: string): string {
  return encodeSegmentHeader({ version: 1, previousChain, instance: 'test', createdAtMs: 0 })
}

interface Sealed {
  readonly kind: FrameKind
  readonly number: number
  readonly line: string
  /** What its chain is computed from. */
  readonly previous: string
}

/** What a walk says of sound frames, one after the other, that make a segment from block `first` on. */
function walked(walk: ChainWalk, first: number, frames: readonly Sealed[]): (string | null)[] {
  const said = [walk.enterSegment(first)]
  for (const { kind, number, line, previous } of frames) {
    const lines = new LineWriter({ headroomBytes: frameHeadroomBytes, bytes: 64 })
    lines.line(line)
    const { bytes } = sealFrame({ kind, number, lineCount: 1 }, lines, previous)
    const frame = parseFrame(bytes, 0)
    assert.ok(frame.kind === 'segment' || frame.kind === 'block')
    said.push(walk.step(frame, bytes))
  }
  return said
}

const begun = chainAfter(genesisChain, Buffer.from(`${header(genesisChain)}\n`))
const beginning: Sealed = { kind: 'segment', number: 1, line: header(genesisChain), previous: genesisChain }
const block = (number: number, line: string, previous: string): Sealed => ({ kind: 'block', number, line, previous })

/** `from` is the chain that the walk has been told; null where the segments before are gone. */
function check(from: string | null, frames: readonly Sealed[], wrong: string | null): void {
  const walk = new ChainWalk()
  walk.chain = from
  const said = walked(walk, frames[0]?.number ?? 0, frames)
  assert.deepEqual(
    said,
    said.map((_, index) => (index === said.length - 1 ? wrong : null)),
  )
}

test('frames that are sound by themselves are told where they cannot stand', () => {
  const next: Sealed = { kind: 'segment', number: 7, line: header(begun), previous: begun }
  const afterNext = chainAfter(begun, Buffer.from(`${header(begun)}\n`))
  check(genesisChain, [beginning, block(1, 'a', begun)], null)
  check(begun, [next, block(7, 'a', afterNext)], null)
  check(null, [next, block(7, 'a', afterNext)], null)
  check(genesisChain, [beginning, block(2, 'a', begun)], 'block 1 should come next, not 2')
  check(genesisChain, [beginning, block(1, 'a', other)], 'the hash chain does not match')
  check(genesisChain, [block(1, 'a', genesisChain)], 'the segment does not begin with its header')
  check(null, [block(7, 'a', begun)], 'the segment does not begin with its header')
  check(genesisChain, [beginning, beginning], 'a segment header in the middle of a segment')
  check(null, [{ ...next, line: '{"version":2}' }], 'a segment header that this version cannot read')
  check(other, [next], 'the hash chain does not match the segment before')
  check(
    null,
    [{ kind: 'segment', number: 1, line: header(other), previous: other }],
    'the first segment does not begin the hash chain',
  )
})

test('every segment begins with a header, and with the block that comes next', () => {
  const walk = ChainWalk.fromGenesis()
  assert.deepEqual(walked(walk, 1, [beginning, block(1, 'a', begun)]), [null, null, null])
  const chain = chainAfter(begun, Buffer.from('a\n'))
  assert.equal(walk.enterSegment(3), 'block 2 should come next, and the segment begins with block 3')
  assert.deepEqual(walked(walk, 2, [block(2, 'b', chain)]), [null, 'the segment does not begin with its header'])
})

test('a header is read as it was written, and nothing else is taken for one', () => {
  const written = { version: 1, previousChain: begun, instance: 'host:1', createdAtMs: 1_750_000_000_000 } as const
  const line = encodeSegmentHeader(written)
  assert.deepEqual(decodeSegmentHeader(line), written)
  for (const [from, to] of [
    ['"version":1', '"version":2'],
    ['"host:1"', '1'],
    [begun, begun.slice(1)],
    [begun, begun.toUpperCase()],
    ['2025-', 'then-'],
    ['{', '['],
    [line, 'null'],
  ] as const) {
    assert.equal(decodeSegmentHeader(line.replace(from, to)), null, to)
  }
})
