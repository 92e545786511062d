import { JoinedBytes } from './joined-bytes.ts'
import { noBytes } from './no-bytes.ts'

/** Larger events are let through as they come: they would have to be kept whole. */
const mostEventBytes = 16 * 1024 * 1024

const boundaries: readonly string[] = ['\n\n', '\r\n\r\n', '\r\r']
/** Of a boundary, what may have come before the rest of it. */
const mostBegunBytes = 3

/**
 * Lets the bytes of an event stream through in whole events, so that it can be ended between two of them. What is left
 * of an event waits for its rest. Every byte is looked at once, however large its event is.
 */
export class WholeEvents {
  readonly #rest = new JoinedBytes()
  /** The last bytes of an event that is not whole. */
  #last: Buffer = noBytes
  /** The event is too large, and what came of it has been let through. */
  #passing = false

  /** What may go out now. */
  push(chunk: Buffer): Buffer {
    const end = this.#endIn(chunk)
    const left = end === 0 ? chunk : chunk.subarray(end)
    const begun = end === 0 ? this.#last : noBytes
    this.#last = tailOf(begun.length === 0 ? left : Buffer.concat([begun, tailOf(left)]))
    if (end > 0) {
      this.#passing = false
      const out = this.#with(chunk.subarray(0, end))
      if (left.length > 0) this.#rest.add(left)
      return out
    }
    this.#passing ||= this.#rest.length + chunk.length > mostEventBytes
    if (this.#passing) return this.#with(chunk)
    if (chunk.length > 0) this.#rest.add(chunk)
    return noBytes
  }

  /** What waits; it is forgotten. */
  take(): Buffer {
    this.#last = noBytes
    return this.#rest.length === 0 ? noBytes : this.#rest.take()
  }

  #with(bytes: Buffer): Buffer {
    return this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest.take(), bytes])
  }

  /** Where in the chunk its last whole event ends; 0 where none does. */
  #endIn(chunk: Buffer): number {
    const end = lastEnd(chunk)
    if (end > 0 || this.#last.length === 0) return end
    const seam = Buffer.concat([this.#last, chunk.subarray(0, mostBegunBytes)])
    return Math.max(0, lastEnd(seam) - this.#last.length)
  }
}

function lastEnd(bytes: Buffer): number {
  let end = 0
  for (const boundary of boundaries) {
    const at = bytes.lastIndexOf(boundary)
    if (at !== -1) end = Math.max(end, at + boundary.length)
  }
  return end
}

function tailOf(bytes: Buffer): Buffer {
  return bytes.length <= mostBegunBytes ? bytes : bytes.subarray(-mostBegunBytes)
}
