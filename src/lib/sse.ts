/**
 * Server-sent events as the WHATWG standard defines them (https://html.spec.whatwg.org/multipage/server-sent-events.html),
 * read from bytes as they come. Whatever the cuts, the blocks are the same.
 */

import { noBytes } from './no-bytes.ts'

/** One block of a stream: everything up to and with the blank line that ends it. The object is reused: copy what you keep. */
export interface SseBlock {
  /** Where data and block stand; not always the chunk that was pushed. */
  bytes: Buffer
  /** False where the block has no `data` field: comments, blank lines, text that is no event stream at all. */
  hasData: boolean
  /** Several `data` lines are joined by line feeds, as the standard says. */
  dataStart: number
  dataEnd: number
  blockStart: number
  blockEnd: number
  /** The block's last bytes in the chunk pushed last: `chunkStart` is 0 where it began in an earlier chunk. */
  chunkStart: number
  chunkEnd: number
  /** True where the block was larger than allowed: only its extent is known, it has no data. */
  oversized: boolean
}

interface SseLimits {
  /** Larger blocks are not kept and not read. */
  readonly maxBlockBytes: number
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const colon = 0x3a
const space = 0x20

/** Cuts a stream into blocks and finds their data. */
export class SseReader {
  readonly #onBlock: (block: SseBlock) => void
  readonly #maxBlockBytes: number
  readonly #block: SseBlock = {
    bytes: noBytes,
    hasData: false,
    dataStart: 0,
    dataEnd: 0,
    blockStart: 0,
    blockEnd: 0,
    chunkStart: 0,
    chunkEnd: 0,
    oversized: false,
  }
  /** The unfinished block's bytes from earlier chunks. */
  #pieces: Buffer[] = []
  #pieceBytes = 0
  #oversized = false
  #lineIsEmpty = true
  /** The last byte so far was a CR: a line feed that follows belongs to it. */
  #afterCr = false
  /** That CR ended a blank line, so the block is over once the next byte is known. */
  #blockOver = false
  #atStart = true

  constructor(onBlock: (block: SseBlock) => void, limits: SseLimits) {
    this.#onBlock = onBlock
    this.#maxBlockBytes = limits.maxBlockBytes
  }

  /** Reports the blocks that end in this chunk. Returns where in it the unfinished block begins, or its length. */
  push(chunk: Buffer): number {
    const length = chunk.length
    if (length === 0) return 0
    let position = 0
    let blockStart = 0
    if (this.#afterCr) {
      this.#afterCr = false
      if (chunk[0] === lineFeed) position = 1
      if (this.#blockOver) {
        this.#blockOver = false
        this.#finish(chunk, 0, position, 0)
        blockStart = position
      }
    }
    let nextCr = chunk.indexOf(carriageReturn, position)
    let lines = 0
    while (position < length) {
      let lineEnd = chunk[position] === lineFeed ? position : chunk.indexOf(lineFeed, position)
      if (nextCr >= 0 && nextCr < position) nextCr = chunk.indexOf(carriageReturn, position)
      if (nextCr >= 0 && (lineEnd < 0 || nextCr < lineEnd)) lineEnd = nextCr
      if (lineEnd < 0) {
        this.#lineIsEmpty = false
        break
      }
      const blank = this.#lineIsEmpty && lineEnd === position
      this.#lineIsEmpty = true
      position = lineEnd + 1
      if (lineEnd === nextCr) {
        if (position === length) {
          this.#afterCr = true
          this.#blockOver = blank
          break
        }
        if (chunk[position] === lineFeed) position += 1
      }
      lines += 1
      if (blank) {
        this.#finish(chunk, blockStart, position, lines)
        blockStart = position
        lines = 0
      }
    }
    if (blockStart < length) this.#keep(blockStart === 0 ? chunk : chunk.subarray(blockStart))
    return blockStart
  }

  /** The stream is over: reports what is left as a block, though no blank line ended it. */
  end(): void {
    if (this.#pieceBytes > 0 || this.#oversized) this.#finish(noBytes, 0, 0, 0)
    this.#afterCr = false
    this.#blockOver = false
    this.#lineIsEmpty = true
  }

  /** True while a block goes by that is too large to be kept. */
  get oversized(): boolean {
    return this.#oversized
  }

  get pendingBytes(): number {
    return this.#pieceBytes
  }

  /** The last byte of the unfinished block, or -1. */
  get lastPendingByte(): number {
    const last = this.#pieces.at(-1)
    return last?.[last.length - 1] ?? -1
  }

  /** The data of the unfinished block as it is by now, its last line perhaps cut; null where it has none. */
  pendingData(): string | null {
    if (this.#pieceBytes === 0) return null
    const bytes = this.#joined(noBytes, 0)
    const block = this.#block
    this.#read(bytes, 0, bytes.length)
    return block.hasData ? block.bytes.toString('utf8', block.dataStart, block.dataEnd) : null
  }

  #keep(piece: Buffer): void {
    if (this.#oversized) return
    this.#pieceBytes += piece.length
    if (this.#pieceBytes > this.#maxBlockBytes) {
      this.#oversized = true
      this.#pieces = []
      this.#pieceBytes = 0
    } else {
      this.#pieces.push(piece)
    }
  }

  #joined(chunk: Buffer, end: number): Buffer {
    if (end === 0 && this.#pieces.length === 1) return this.#pieces[0] ?? noBytes
    return Buffer.concat([...this.#pieces, chunk.subarray(0, end)])
  }

  #finish(chunk: Buffer, start: number, end: number, lines: number): void {
    const block = this.#block
    block.chunkStart = start
    block.chunkEnd = end
    block.oversized = this.#oversized || this.#pieceBytes + end - start > this.#maxBlockBytes
    // A blank line by itself, of which a body may have millions, is not looked at.
    if (block.oversized || (lines === 1 && this.#pieceBytes === 0 && !this.#atStart)) {
      block.bytes = noBytes
      block.hasData = false
      block.blockStart = 0
      block.blockEnd = 0
      block.dataStart = 0
      block.dataEnd = 0
    } else if (this.#pieceBytes > 0) {
      const bytes = this.#joined(chunk, end)
      this.#read(bytes, 0, bytes.length)
    } else if (lines !== 2 || this.#atStart || !this.#readSingleLine(chunk, start, end)) {
      this.#read(chunk, start, end)
    }
    this.#atStart = false
    this.#oversized = false
    if (this.#pieceBytes > 0) {
      this.#pieces = []
      this.#pieceBytes = 0
    }
    this.#onBlock(block)
  }

  /** The common case, one `data` line: its end is known without searching again. */
  #readSingleLine(bytes: Buffer, start: number, end: number): boolean {
    if (!isDataField(bytes, start) || bytes[start + 4] !== colon) return false
    const block = this.#block
    let dataEnd = end - 1
    while (dataEnd > start && isLineEnd(bytes[dataEnd - 1])) dataEnd -= 1
    block.bytes = bytes
    block.blockStart = start
    block.blockEnd = end
    block.hasData = true
    block.dataStart = bytes[start + 5] === space ? start + 6 : start + 5
    block.dataEnd = Math.max(dataEnd, block.dataStart)
    return true
  }

  #read(bytes: Buffer, start: number, end: number): void {
    // A view, because searches have no end of their own and would run through the rest of the chunk.
    const view = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
    const hasCr = view.includes(carriageReturn)
    const block = this.#block
    block.bytes = view
    block.blockStart = 0
    block.blockEnd = view.length
    block.hasData = false
    block.dataStart = 0
    block.dataEnd = 0
    let joined: Buffer[] | null = null
    let position = 0
    if (this.#atStart && view[0] === 0xef && view[1] === 0xbb && view[2] === 0xbf) position = 3
    while (position < view.length) {
      const lineEnd = hasCr ? endOfLine(view, position) : endAt(view.indexOf(lineFeed, position), view)
      if (isDataField(view, position) && (lineEnd === position + 4 || view[position + 4] === colon)) {
        let valueStart = Math.min(position + 5, lineEnd)
        if (view[valueStart] === space) valueStart += 1
        if (!block.hasData) {
          block.hasData = true
          block.dataStart = valueStart
          block.dataEnd = lineEnd
        } else {
          joined ??= [view.subarray(block.dataStart, block.dataEnd)]
          joined.push(lineFeedBytes, view.subarray(valueStart, lineEnd))
        }
      }
      position = lineEnd + 1
    }
    if (joined !== null) {
      block.bytes = Buffer.concat(joined)
      block.blockEnd = block.bytes.length
      block.dataStart = 0
      block.dataEnd = block.bytes.length
    }
  }
}

const lineFeedBytes = Buffer.from('\n')

function isLineEnd(byte: number | undefined): boolean {
  return byte === lineFeed || byte === carriageReturn
}

function isDataField(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x64 && bytes[at + 1] === 0x61 && bytes[at + 2] === 0x74 && bytes[at + 3] === 0x61
}

/** CRLF counts as two ends here: the empty line between them says nothing. */
function endOfLine(view: Buffer, from: number): number {
  const feed = endAt(view.indexOf(lineFeed, from), view)
  const back = view.indexOf(carriageReturn, from)
  return back >= 0 && back < feed ? back : feed
}

function endAt(found: number, view: Buffer): number {
  return found < 0 ? view.length : found
}
