import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type Chain, chainBytes } from './chain.ts'
import type { LineWriter } from './line-writer.ts'

/**
 * A segment of the journal is a sequence of frames: one `segment` frame that says where the chain comes from, then
 * blocks of entries. A frame is a header line and a body of whole lines:
 *
 *     TG1 <number> <bodyBytes> <lineCount> <crc32 of the body> <chain after this frame>\n
 *     <line>\n …
 *
 * (`TGS1` for the segment frame.) The frame is the unit of atomicity: nothing in a frame that is not whole was ever
 * acknowledged. Every field of the header can be checked against the body and the frame before.
 */
export type FrameKind = 'segment' | 'block'

export interface Frame {
  readonly kind: FrameKind
  /** Blocks: 1 for the journal's first, then counting. The segment frame carries the number of its first block. */
  readonly number: number
  readonly lineCount: number
  readonly crc: number
  readonly chain: Chain
  /** Of the body within the buffer that was parsed; `end` is also the end of the frame. */
  readonly bodyStart: number
  readonly end: number
}

/** Not whole yet: at least `needBytes` from the frame's start are wanted. */
export interface FrameIncomplete {
  readonly kind: 'incomplete'
  readonly needBytes: number
}

export interface FrameDamage {
  readonly kind: 'damaged'
  readonly reason: string
}

/** Longest body that is ever written, and so the most that a reader has to hold. */
export const maxBodyBytes = 64 * 1024 * 1024

const maxHeaderBytes = 160
const newline = 0x0a
const space = 0x20
const zero = 0x30
const hexDigits = Buffer.from('0123456789abcdef')
const headerPattern =
  /^(TG1|TGS1) (0|[1-9][0-9]{0,14}) ([1-9][0-9]{0,8}) ([1-9][0-9]{0,8}) ([0-9a-f]{8}) ([0-9a-f]{64})$/

/**
 * Reads the frame that starts at `start`. Pure. Checks the header's form, the length, the checksum and the number of
 * lines; the chain and the numbering are the caller's, who knows what came before.
 */
export function parseFrame(buffer: Buffer, start: number): Frame | FrameIncomplete | FrameDamage {
  const available = buffer.length - start
  const headerEnd = buffer.indexOf(newline, start)
  if (headerEnd === -1 || headerEnd - start > maxHeaderBytes) {
    if (headerEnd !== -1 || available > maxHeaderBytes) return damaged('no frame header')
    return { kind: 'incomplete', needBytes: maxHeaderBytes }
  }
  const match = headerPattern.exec(buffer.toString('latin1', start, headerEnd))
  if (match === null) return damaged('no frame header')
  const [, magic, number, bodyText, lines, crcText, chain] = match
  if (crcText === undefined || chain === undefined) return damaged('no frame header')
  const bodyBytes = Number(bodyText)
  if (bodyBytes > maxBodyBytes) return damaged('a longer body than is ever written')
  const bodyStart = headerEnd + 1
  const end = bodyStart + bodyBytes
  if (end > buffer.length) return { kind: 'incomplete', needBytes: end - start }
  const crc = Number.parseInt(crcText, 16)
  const body = buffer.subarray(bodyStart, end)
  if (crc32(body) !== crc) return damaged('the checksum does not match')
  if (body[bodyBytes - 1] !== newline || countLines(body) !== Number(lines))
    return damaged('the number of lines is wrong')
  const kind = magic === 'TG1' ? 'block' : 'segment'
  return { kind, number: Number(number), lineCount: Number(lines), crc, chain, bodyStart, end }
}

/** The lines of a frame's body, without their line ends. Pure. */
export function frameLines(buffer: Buffer, frame: Frame): string[] {
  return buffer.toString('utf8', frame.bodyStart, frame.end - 1).split('\n')
}

/**
 * The offset of the first whole, sound frame at or after `start`, or -1. Pure. Tells a torn tail (nothing sound
 * behind it) from damage in the middle.
 */
export function findFrame(buffer: Buffer, start: number): number {
  for (let at = buffer.indexOf('TG', start); at !== -1; at = buffer.indexOf('TG', at + 1)) {
    const frame = parseFrame(buffer, at)
    if (frame.kind === 'block' || frame.kind === 'segment') return at
  }
  return -1
}

/** Room that `sealFrame` needs in front of the lines. */
export const frameHeadroomBytes = maxHeaderBytes + 1

export interface FrameToSeal {
  readonly kind: FrameKind
  readonly number: number
  readonly lineCount: number
}

/**
 * Makes a frame of whole lines that were written with `frameHeadroomBytes` of headroom. Returns its bytes, which are
 * the writer's own, and the chain after it. It can be done again for the same lines.
 *
 * The header's length is known only after the body; so the previous chain is laid right before the body (one hash over
 * both), and then the header over it, ending where the body starts. One buffer, no copy of the body.
 */
export function sealFrame(frame: FrameToSeal, lines: LineWriter, previous: Chain): { bytes: Buffer; chain: Chain } {
  const { memory, end } = lines
  const bodyStart = frameHeadroomBytes
  memory.write(previous, bodyStart - chainBytes, 'hex')
  const chain = hash('sha256', memory.subarray(bodyStart - chainBytes, end), 'hex')
  const crc = crc32(memory.subarray(bodyStart, end))
  // From its end, digit by digit: in a cold cache a text of it took longer than its hash.
  let at = bodyStart - 1
  memory[at] = newline
  at -= chain.length
  memory.write(chain, at, 'latin1')
  at = hexBefore(memory, at, crc)
  at = decimalBefore(memory, at, frame.lineCount)
  at = decimalBefore(memory, at, end - bodyStart)
  at = decimalBefore(memory, at, frame.number)
  const magic = frame.kind === 'block' ? 'TG1 ' : 'TGS1 '
  at -= magic.length
  memory.write(magic, at, 'latin1')
  return { bytes: memory.subarray(at, end), chain }
}

/** Writes 32 bits in eight digits, and a space behind them, before `end`. Returns where they begin. */
function hexBefore(memory: Buffer, end: number, value: number): number {
  let at = end - 1
  memory[at] = space
  for (let shift = 0; shift < 32; shift += 4) memory[--at] = hexDigits[(value >>> shift) & 15] ?? zero
  return at
}

/** The same of a whole number, in as many digits as it has. */
function decimalBefore(memory: Buffer, end: number, value: number): number {
  let at = end - 1
  memory[at] = space
  let rest = value
  do {
    const next = Math.floor(rest / 10)
    memory[--at] = zero + rest - next * 10
    rest = next
  } while (rest > 0)
  return at
}

function countLines(body: Buffer): number {
  let lines = 0
  for (let at = body.indexOf(newline); at !== -1; at = body.indexOf(newline, at + 1)) lines++
  return lines
}

function damaged(reason: string): FrameDamage {
  return { kind: 'damaged', reason }
}
