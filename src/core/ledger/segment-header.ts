import { type Chain, chainAfter, genesisChain } from './chain.ts'
import { type Frame, frameLines } from './frame.ts'
import type { NotedChains } from './noted-chains.ts'

/** The first line of a segment frame's body; the open entries of the calls then running follow, one a line. */
export interface SegmentHeader {
  readonly version: 1
  /** The chain after the frame before, so that a segment can be checked without the ones that retention took. */
  readonly previousChain: Chain
  /** Host and process that began the segment. */
  readonly instance: string
  readonly createdAtMs: number
}

export function encodeSegmentHeader(header: SegmentHeader): string {
  return JSON.stringify({
    version: header.version,
    previousChain: header.previousChain,
    instance: header.instance,
    createdAt: new Date(header.createdAtMs).toISOString(),
  })
}

/** Null where the line is not a header of a version that we know. */
export function decodeSegmentHeader(line: string): SegmentHeader | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { version, previousChain, instance, createdAt } = value as Record<string, unknown>
  if (version !== 1 || typeof instance !== 'string' || typeof createdAt !== 'string') return null
  if (typeof previousChain !== 'string' || !/^[0-9a-f]{64}$/.test(previousChain)) return null
  const createdAtMs = Date.parse(createdAt)
  return Number.isFinite(createdAtMs) ? { version, previousChain, instance, createdAtMs } : null
}

/** Follows the numbering and the hash chain from frame to frame. */
export class ChainWalk {
  /** Number of the block that has to come next; null before the first frame of a journal whose begin is gone. */
  nextBlock: number | null = null
  chain: Chain | null = null
  /** Before the last frame. */
  chainBefore: Chain | null = null
  #inSegment = false

  /** From the very first block of a journal. */
  static fromGenesis(): ChainWalk {
    const walk = new ChainWalk()
    walk.nextBlock = 1
    walk.chain = genesisChain
    return walk
  }

  /** What the segment's file name promises: its first block, and that a segment frame comes first. Null, or what is wrong. */
  enterSegment(firstBlock: number): string | null {
    this.#inSegment = false
    if (this.nextBlock !== null && this.nextBlock !== firstBlock) {
      return `block ${this.nextBlock} should come next, and the segment begins with block ${firstBlock}`
    }
    this.nextBlock = firstBlock
    return null
  }

  /** Takes a sound frame. Null, or why it cannot stand here; the walk is over then. */
  step(frame: Frame, buffer: Buffer): string | null {
    if (frame.number !== this.nextBlock) return `block ${this.nextBlock} should come next, not ${frame.number}`
    const body = buffer.subarray(frame.bodyStart, frame.end)
    if (frame.kind === 'segment') {
      const fault = this.#stepIntoSegment(frame, buffer)
      if (fault !== null) return fault
    } else if (!this.#inSegment) {
      return 'the segment does not begin with its header'
    }
    if (this.chain === null || frame.chain !== chainAfter(this.chain, body)) return 'the hash chain does not match'
    this.chainBefore = this.chain
    this.chain = frame.chain
    if (frame.kind === 'block') this.nextBlock++
    return null
  }

  /** Tells where the last frame began and where it ended. Returns whether a noted chain was passed in vain. */
  hold(noted: NotedChains, frame: Frame): boolean {
    const { chainBefore, chain, nextBlock } = this
    if (chainBefore === null || chain === null || nextBlock === null) return false
    const begun = noted.pass({ nextBlock: frame.number, chain: chainBefore })
    return noted.pass({ nextBlock, chain }) || begun
  }

  #stepIntoSegment(frame: Frame, buffer: Buffer): string | null {
    if (this.#inSegment) return 'a segment header in the middle of a segment'
    const header = decodeSegmentHeader(frameLines(buffer, frame)[0] ?? '')
    if (header === null) return 'a segment header that this version cannot read'
    if (this.chain !== null && header.previousChain !== this.chain)
      return 'the hash chain does not match the segment before'
    if (frame.number === 1 && header.previousChain !== genesisChain)
      return 'the first segment does not begin the hash chain'
    this.chain = header.previousChain
    this.#inSegment = true
    return null
  }
}
