import { noBytes } from '#lib/no-bytes.ts'
import type { SseBlock } from '#lib/sse.ts'

/**
 * Leaves events out of a stream, however they are cut, by passing on whole ones only. It is told of a chunk by `begin`,
 * of each block that ends in it by `take`, and then asked by `passOn` for what the client gets.
 */
export class EventFilter {
  /** Bytes of the unfinished event, kept from the client while it may be one to leave out. */
  #held: Buffer[] = []
  #heldBefore: readonly Buffer[] = this.#held
  /** What of the current chunk, and of what was held before it, the client gets, where that is not just the chunk. */
  #out: Buffer[] = []
  #chunk: Buffer = noBytes
  #passedUpTo = 0

  begin(chunk: Buffer): void {
    this.#chunk = chunk
    this.#out = []
    this.#passedUpTo = 0
    this.#heldBefore = this.#held
  }

  take({ chunkStart, chunkEnd }: SseBlock, leftOut: boolean): void {
    if (leftOut && this.#passedUpTo < chunkStart) this.#out.push(this.#chunk.subarray(this.#passedUpTo, chunkStart))
    if (!leftOut) this.#out.push(...this.#held)
    if (this.#held.length > 0) this.#held = []
    if (leftOut) this.#passedUpTo = chunkEnd
  }

  /** `wholeUpTo`: where in the chunk the unfinished event begins, or its length. */
  passOn(wholeUpTo: number): Buffer {
    const chunk = this.#chunk
    if (this.#heldBefore.length === 0 && this.#passedUpTo === 0 && wholeUpTo === chunk.length) return chunk
    if (this.#passedUpTo < wholeUpTo) this.#out.push(chunk.subarray(this.#passedUpTo, wholeUpTo))
    if (wholeUpTo < chunk.length) this.#held.push(chunk.subarray(wholeUpTo))
    return this.#out.length === 1 ? (this.#out[0] ?? noBytes) : Buffer.concat(this.#out)
  }

  /** In place of `passOn`: the unfinished event is too large to be held, and so to be one to leave out. */
  passOnAll(): Buffer {
    this.#out.push(...this.#held, this.#chunk.subarray(this.#passedUpTo))
    this.#held = []
    return Buffer.concat(this.#out)
  }

  /** In place of `passOn`, once the stream is over and its last event was taken, where no blank line had ended it. */
  rest(): Buffer {
    const taken = this.#held !== this.#heldBefore
    const kept = taken || this.#held.length === 0 ? this.#out : this.#held
    this.#held = []
    return kept.length === 0 ? noBytes : Buffer.concat(kept)
  }
}
