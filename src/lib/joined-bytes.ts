import { noBytes } from './no-bytes.ts'

/** A piece that is kept by itself costs so little beside its bytes: about 280 are for the objects around them. */
const leastOwnBytes = 2 * 1024

/** Where so much of small pieces is together, room for more is made beside it. */
const mostTogetherBytes = 64 * 1024

/**
 * Bytes that come in pieces, to be had as one: however small the pieces are, they take hardly more than twice their
 * bytes. Large pieces are kept as they came, and copied once in the end; small ones are copied together at once.
 */
export class JoinedBytes {
  #pieces: Buffer[] = []
  /** Of the last small pieces. */
  #together: Buffer = noBytes
  #togetherBytes = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  add(piece: Buffer): void {
    if (piece.length < leastOwnBytes && this.#length > 0) this.#addTo(piece)
    else {
      this.#seal()
      this.#pieces.push(piece)
    }
    this.#length += piece.length
  }

  /** All of them. None are left. */
  take(): Buffer {
    this.#seal()
    const [first] = this.#pieces
    const all = first !== undefined && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces, this.#length)
    this.#pieces = []
    this.#length = 0
    return all
  }

  #addTo(piece: Buffer): void {
    const bytes = this.#togetherBytes + piece.length
    if (bytes > this.#together.length) {
      // Not from Node's pool: a part of it would be shared with whatever else is small.
      const room = Buffer.allocUnsafeSlow(2 * bytes)
      this.#together.copy(room, 0, 0, this.#togetherBytes)
      this.#together = room
    }
    piece.copy(this.#together, this.#togetherBytes)
    this.#togetherBytes = bytes
    if (bytes >= mostTogetherBytes) this.#seal()
  }

  #seal(): void {
    if (this.#togetherBytes === 0) return
    this.#pieces.push(this.#together.subarray(0, this.#togetherBytes))
    this.#together = noBytes
    this.#togetherBytes = 0
  }
}
