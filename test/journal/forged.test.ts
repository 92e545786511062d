import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { genesisChain } from '#core/ledger/chain.ts'
import { type Frame, frameHeadroomBytes, frameLines, parseFrame, sealFrame } from '#core/ledger/frame.ts'
import { LineWriter } from '#core/ledger/line-writer.ts'
import { decodeSegmentHeader, encodeSegmentHeader } from '#core/ledger/segment-header.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry } from './entries.ts'
import { journalOptions, temporaryDirectory, writtenJournal } from './journals.ts'

interface Written {
  readonly segment: string
  readonly offset: number
  readonly frame: Frame
  readonly lines: readonly string[]
}

function framesOf(dir: string): Written[] {
  const segments = readdirSync(dir).filter((name) => name.endsWith('.tgj'))
  return segments.sort().flatMap((segment) => {
    const bytes = readFileSync(`${dir}/${segment}`)
    const frames: Written[] = []
    for (let offset = 0; offset < bytes.length; offset = frames.at(-1)?.frame.end ?? bytes.length) {
      const frame = parseFrame(bytes, offset)
      assert.ok(frame.kind === 'segment' || frame.kind === 'block')
      frames.push({ segment, offset, frame, lines: frameLines(bytes, frame) })
    }
    return frames
  })
}

/** From where on nothing is computed anew any more. */
type Until = (written: Written) => boolean

/** Changes an amount as somebody would who knows the format. Returns the frames as they were. */
function forge(dir: string, block: number, until: Until): { readonly frames: readonly Written[]; readonly at: number } {
  const frames = framesOf(dir)
  const at = frames.findIndex(({ frame }) => frame.kind === 'block' && frame.number === block)
  const end = frames.findIndex((written, index) => index > at && until(written))
  const segments = new Map<string, Buffer[]>()
  let chain = frames[at - 1]?.frame.chain ?? genesisChain
  for (const [index, { segment, frame, lines }] of frames.entries()) {
    const isNew = index >= at && (end === -1 || index < end)
    const previous = isNew ? chain : (frames[index - 1]?.frame.chain ?? genesisChain)
    const sealed = sealedAnew(
      frame,
      isNew ? lines.map((line) => changed(line, index === at, previous)) : lines,
      previous,
    )
    segments.set(segment, [...(segments.get(segment) ?? []), sealed.bytes])
    if (isNew) chain = sealed.chain
  }
  for (const [segment, pieces] of segments) writeFileSync(`${dir}/${segment}`, Buffer.concat(pieces))
  return { frames, at }
}

function changed(line: string, isForged: boolean, previousChain: string): string {
  const header = decodeSegmentHeader(line)
  if (header !== null) return encodeSegmentHeader({ ...header, previousChain })
  return isForged ? line.replace('"input":1200', '"input":1201') : line
}

function sealedAnew(frame: Frame, lines: readonly string[], previous: string) {
  const writer = new LineWriter({ headroomBytes: frameHeadroomBytes, bytes: 64 })
  for (const line of lines) writer.line(line)
  const { bytes, chain } = sealFrame(frame, writer, previous)
  return { bytes: Buffer.from(bytes), chain }
}

const calls = 20
/** A record in the middle: every second block is an open entry. */
const forged = 20

test('a changed amount whose block is sound by itself is found by the chain behind it', async (t) => {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, calls)
  const { frames, at } = forge(dir, forged, () => true)
  const next = frames[at + 1]
  assert.deepEqual((await verifyJournal({ dir })).fault, {
    segment: next?.segment,
    offset: next?.offset,
    reason: 'the hash chain does not match',
  })
})

test('where its whole segment was sealed anew, by the next segment', async (t) => {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, calls)
  const { frames, at } = forge(dir, forged, ({ frame }) => frame.kind === 'segment')
  const next = frames.slice(at).find(({ frame }) => frame.kind === 'segment')
  assert.deepEqual((await verifyJournal({ dir })).fault, {
    segment: next?.segment,
    offset: 0,
    reason: 'the hash chain does not match the segment before',
  })
})

test('where all behind it was sealed anew, by the chain that was noted at the last stop', async (t) => {
  for (const block of [forged, 2 * calls]) {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, calls)
    const { frames } = forge(dir, block, () => false)
    const last = frames.at(-1)
    const reason = `the hash chain is not the one with which the journal was closed before block ${2 * calls + 1}`
    const { fault } = await verifyJournal({ dir })
    assert.deepEqual([fault?.segment, fault?.reason], [last?.segment, reason], `${block}`)
    // A gateway that runs on it has not stopped since.
    const { journal } = await openJournal(journalOptions(dir))
    await journal.append(openEntry('next'))
    const next = framesOf(dir).at(-1)
    assert.deepEqual((await verifyJournal({ dir })).fault, { segment: next?.segment, offset: next?.offset, reason })
    await journal.close()
  }
})
