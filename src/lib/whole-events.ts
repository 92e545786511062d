const noBytes: Buffer = Buffer.alloc(0)

/**
 * Lets the bytes of an event stream through in whole events, so that it can be ended between two of them. What is left
 * of an event waits for its rest.
 */
export class WholeEvents {
  #rest: Buffer = noBytes

  /** What may go out now. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const end = Math.max(after(bytes, '\n\n'), after(bytes, '\r\n\r\n'), after(bytes, '\r\r'))
    this.#rest = bytes.subarray(end)
    return bytes.subarray(0, end)
  }

  /** What waits; it is forgotten. */
  take(): Buffer {
    const rest = this.#rest
    this.#rest = noBytes
    return rest
  }
}

function after(bytes: Buffer, boundary: string): number {
  const at = bytes.lastIndexOf(boundary)
  return at === -1 ? 0 : at + boundary.length
}
