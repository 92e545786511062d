import { type Frame, type FrameDamage, type FrameIncomplete, parseFrame } from '#core/ledger/frame.ts'

export interface ScannedFrame {
  readonly kind: 'frame'
  readonly frame: Frame
  /** What the frame's positions refer to; valid until the next `push`. */
  readonly buffer: Buffer
  /** Within the segment. */
  readonly startOffset: number
  readonly endOffset: number
}

/** Cuts the bytes of a segment, pushed in pieces of any size, into frames. */
export class FrameScanner {
  #buffer: Buffer = Buffer.alloc(0)
  #at = 0
  #base: number

  /** @param offset where in the segment the first pushed byte stands. */
  constructor(offset = 0) {
    this.#base = offset
  }

  /** Where the next frame begins; after damage, the first byte that is not part of a sound frame. */
  get offset(): number {
    return this.#base + this.#at
  }

  /** Bytes pushed that no frame has used yet. */
  get pendingBytes(): number {
    return this.#buffer.length - this.#at
  }

  push(chunk: Buffer): void {
    const rest = this.#buffer.subarray(this.#at)
    this.#base += this.#at
    this.#at = 0
    this.#buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
  }

  next(): ScannedFrame | FrameIncomplete | FrameDamage {
    const frame = parseFrame(this.#buffer, this.#at)
    if (frame.kind === 'incomplete' || frame.kind === 'damaged') return frame
    const startOffset = this.offset
    this.#at = frame.end
    return { kind: 'frame', frame, buffer: this.#buffer, startOffset, endOffset: this.offset }
  }
}
