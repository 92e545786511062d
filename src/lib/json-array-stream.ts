/** Cuts a JSON array that comes in pieces into its elements, the text of each as one buffer. Bounded memory. */
export class JsonArrayReader {
  readonly #onElement: (element: Buffer) => void
  readonly #maxElementBytes: number
  #pieces: Buffer[] = []
  #pieceBytes = 0
  #depth = 0
  #inString = false
  /** The last byte of the chunk before was a backslash that escapes the next one. */
  #escaped = false
  #oversized = 0
  #closed = false

  constructor(onElement: (element: Buffer) => void, limits: { readonly maxElementBytes: number }) {
    this.#onElement = onElement
    this.#maxElementBytes = limits.maxElementBytes
  }

  /** The array's closing bracket was seen. */
  get closed(): boolean {
    return this.#closed
  }

  /** Elements that were larger than allowed and not read. */
  get oversized(): number {
    return this.#oversized
  }

  push(chunk: Buffer): void {
    let start = this.#depth > 1 ? 0 : -1
    let position = 0
    while (position < chunk.length) {
      if (this.#inString) {
        position = this.#skipString(chunk, position)
        continue
      }
      const byte = chunk[position]
      if (byte === 0x22) {
        this.#inString = true
      } else if (byte === 0x7b || byte === 0x5b) {
        this.#depth += 1
        if (this.#depth === 2) start = position
      } else if ((byte === 0x7d || byte === 0x5d) && this.#depth > 0) {
        this.#depth -= 1
        if (this.#depth === 0) this.#closed = true
        if (this.#depth === 1 && start >= 0) {
          this.#finish(chunk.subarray(start, position + 1))
          start = -1
        }
      }
      position += 1
    }
    if (start >= 0) this.#keep(chunk.subarray(start))
  }

  /** Where the string goes on or has ended: a search for the next quote, then a look back for what escapes it. */
  #skipString(chunk: Buffer, from: number): number {
    let position = from
    if (this.#escaped) {
      this.#escaped = false
      position += 1
    }
    for (;;) {
      const quote = chunk.indexOf(0x22, position)
      const end = quote < 0 ? chunk.length : quote
      let slashes = 0
      while (end - 1 - slashes >= position && chunk[end - 1 - slashes] === 0x5c) slashes += 1
      const escapes = slashes % 2 === 1
      if (quote < 0) {
        this.#escaped = escapes
        return chunk.length
      }
      if (!escapes) {
        this.#inString = false
        return quote + 1
      }
      position = quote + 1
    }
  }

  #keep(piece: Buffer): void {
    this.#pieceBytes += piece.length
    if (this.#pieceBytes <= this.#maxElementBytes) this.#pieces.push(piece)
    else this.#pieces = []
  }

  #finish(last: Buffer): void {
    if (this.#pieceBytes + last.length > this.#maxElementBytes) this.#oversized += 1
    else this.#onElement(this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last]))
    this.#pieces = []
    this.#pieceBytes = 0
  }
}
