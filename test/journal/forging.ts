import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { zstdDecompressSync } from 'node:zlib'
import { genesisChain } from '#core/ledger/chain.ts'
import { type Frame, frameHeadroomBytes, frameLines, parseFrame, sealFrame } from '#core/ledger/frame.ts'
import { LineWriter } from '#core/ledger/line-writer.ts'
import { decodeSegmentHeader, encodeSegmentHeader } from '#core/ledger/segment-header.ts'

interface Written {
  readonly segment: string
  readonly offset: number
  readonly frame: Frame
  readonly lines: readonly string[]
  readonly chainBefore: string
}

export function framesOf(dir: string): Written[] {
  const segments = readdirSync(dir).filter((name) => /\.tgj(\.zst)?$/.test(name))
  let chainBefore = genesisChain
  return segments.sort().flatMap((segment) => {
    const content = readFileSync(`${dir}/${segment}`)
    const bytes = segment.endsWith('.zst') ? zstdDecompressSync(content) : content
    const frames: Written[] = []
    for (let offset = 0; offset < bytes.length; offset = frames.at(-1)?.frame.end ?? bytes.length) {
      const frame = parseFrame(bytes, offset)
      assert.ok(frame.kind === 'segment' || frame.kind === 'block')
      const lines = frameLines(bytes, frame)
      if (frame.kind === 'segment') chainBefore = decodeSegmentHeader(lines[0] ?? '')?.previousChain ?? ''
      frames.push({ segment, offset, frame, lines, chainBefore })
      chainBefore = frame.chain
    }
    return frames
  })
}

/** From where on nothing is computed anew any more. */
type Until = (written: Written) => boolean

/** Changes an amount as somebody would who knows the format. Returns the frames as they were. */
export function forge(
  dir: string,
  block: number,
  until: Until,
  edit = (line: string) => line.replace('"input":1200', '"input":1201'),
): { readonly frames: readonly Written[]; readonly at: number } {
  const frames = framesOf(dir)
  const at = frames.findIndex(({ frame }) => frame.kind === 'block' && frame.number === block)
  const end = frames.findIndex((written, index) => index > at && until(written))
  const segments = new Map<string, Buffer[]>()
  let chain = frames[at]?.chainBefore ?? genesisChain
  for (const [index, { segment, frame, lines, chainBefore }] of frames.entries()) {
    const isNew = index >= at && (end === -1 || index < end)
    const previous = isNew ? chain : chainBefore
    const sealed = sealedAnew(
      frame,
      isNew ? lines.map((line) => changed(line, index === at ? edit : unchanged, previous)) : lines,
      previous,
    )
    segments.set(segment, [...(segments.get(segment) ?? []), sealed.bytes])
    if (isNew) chain = sealed.chain
  }
  for (const [segment, pieces] of segments) {
    rmSync(`${dir}/${segment}`)
    writeFileSync(`${dir}/${segment.replace('.zst', '')}`, Buffer.concat(pieces))
  }
  return { frames, at }
}

const unchanged = (line: string) => line

function changed(line: string, edit: (line: string) => string, previousChain: string): string {
  const header = decodeSegmentHeader(line)
  if (header !== null) return encodeSegmentHeader({ ...header, previousChain })
  return edit(line)
}

function sealedAnew(frame: Frame, lines: readonly string[], previous: string) {
  const writer = new LineWriter({ headroomBytes: frameHeadroomBytes, bytes: 64 })
  for (const line of lines) writer.line(line)
  const { bytes, chain } = sealFrame(frame, writer, previous)
  return { bytes: Buffer.from(bytes), chain }
}
