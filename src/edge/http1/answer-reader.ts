import { ChunkedBody } from './answer-body.ts'
import { type AnswerHead, checkBeginning, checkPiece, MalformedAnswer, parseAnswerHead } from './answer-head.ts'

/** Of one head, with its lines' ends. */
const mostHeadBytes = 65_536

/** Words that the answer is still to come (RFC 9110, 15.2). Nothing is told of them; servers send one or two. */
const mostInterims = 100

const headEnd = Buffer.from('\r\n\r\n')

/** Who is told what an answer says. */
export interface AnswerTaker {
  takeHead(head: AnswerHead): void
  /** A piece of the body, which is the taker's to keep. @returns false to be given no more for now */
  takeBytes(piece: Buffer): boolean
  /** The answer is whole. `excess`: more came behind it, which belongs to nobody. */
  takeEnd(excess: boolean): void
}

/** What is being read. */
type Part = 'head' | 'length' | 'chunked' | 'until_close' | 'nothing'

/**
 * Reads one answer after another as its bytes come, in pieces of any size. Pure: it owns no connection and no time. What
 * it hands on are copies, so that the memory that was read into may be used again.
 */
export class AnswerReader {
  readonly #taker: AnswerTaker
  #part: Part = 'nothing'
  #method = ''
  #interims = 0
  /** The beginning of a head of which the rest has not come. */
  #gathered: Buffer | null = null
  #gatheredBytes = 0
  #missingBytes = 0
  #chunks: ChunkedBody | null = null

  constructor(taker: AnswerTaker) {
    this.#taker = taker
  }

  /** A request was sent: what comes next is the answer to it. */
  begin(method: string): void {
    this.#method = method
    this.#part = 'head'
    this.#interims = 0
    this.#gathered = null
    this.#chunks = null
  }

  /**
   * @returns how many of the bytes were read: fewer than all where the taker wanted no more, or the answer has ended
   * @throws MalformedAnswer
   */
  read(bytes: Buffer): number {
    let at = 0
    if (this.#part === 'head') {
      at = this.#readHeads(bytes)
      if (at < 0) return bytes.length
    }
    switch (this.#part) {
      case 'length':
        return this.#readLength(bytes, at)
      case 'chunked':
        return this.#readChunks(bytes, at)
      case 'until_close':
        if (at < bytes.length) this.#taker.takeBytes(copied(bytes, at, bytes.length))
        return bytes.length
      default:
        return at
    }
  }

  /**
   * The connection has ended.
   *
   * @returns whether the answer is whole, and has been said to be
   * @throws MalformedAnswer where what came is not the beginning of one
   */
  end(): boolean {
    if (this.#part === 'until_close') {
      this.#end(false)
      return true
    }
    if (this.#part === 'head' && this.#gathered !== null) {
      const lines = this.#gathered.toString('latin1', 0, this.#gatheredBytes)
      const whole = lines.slice(0, lines.lastIndexOf('\r\n') + 2)
      if (lines.includes('\r\n')) parseAnswerHead(whole, this.#method)
    }
    return false
  }

  /** @returns where the body begins; -1 where the head is not whole */
  #readHeads(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length) {
      const [source, from, to] = this.#gathered === null ? [bytes, at, bytes.length] : this.#gatheredWith(bytes)
      const end = source.indexOf(headEnd, this.#gathered === null ? from : Math.max(0, from - 3))
      const begin = this.#gathered === null ? from : 0
      if ((end < 0 ? to : end + 4) - begin > mostHeadBytes) throw new MalformedAnswer('its head is too large')
      if (end < 0 || end + 4 > to) {
        this.#gather(bytes, at)
        return -1
      }
      const head = parseAnswerHead(source.toString('latin1', begin, end + 2), this.#method)
      at = bytes.length - (to - end - 4)
      this.#gathered = null
      if (head.status >= 200) {
        this.#beginBody(head)
        return at
      }
      this.#interims += 1
      if (this.#interims > mostInterims) throw new MalformedAnswer('it says again and again that it is still to come')
    }
    return -1
  }

  /** What was gathered and all that has come now, in one piece; where the latter begins and ends. */
  #gatheredWith(bytes: Buffer): [source: Buffer, from: number, to: number] {
    const from = this.#gatheredBytes
    const to = from + bytes.length
    let gathered = this.#gathered ?? bytes
    if (gathered.length < to) {
      gathered = Buffer.alloc(Math.max(to, gathered.length * 2))
      this.#gathered?.copy(gathered, 0, 0, from)
      this.#gathered = gathered
    }
    bytes.copy(gathered, from)
    return [gathered.subarray(0, to), from, to]
  }

  /** Keeps the beginning of a head, and looks at what has come of it: who never ends it is not waited for. */
  #gather(bytes: Buffer, at: number): void {
    const from = this.#gathered === null ? 0 : this.#gatheredBytes
    this.#gathered ??= Buffer.from(bytes.subarray(at))
    this.#gatheredBytes = from + bytes.length - at
    if (from < 8) checkBeginning(this.#gathered.toString('latin1', 0, Math.min(8, this.#gatheredBytes)))
    // A line feed at the seam was looked at when it came.
    const seam = from > 0 && this.#gathered[from - 1] === 0x0a ? from : Math.max(0, from - 1)
    checkPiece(this.#gathered.toString('latin1', seam, this.#gatheredBytes))
  }

  #beginBody(head: AnswerHead): void {
    const { body } = head
    this.#taker.takeHead(head)
    if (typeof body === 'number') {
      this.#part = 'length'
      this.#missingBytes = body
    } else {
      this.#part = body
      if (body === 'chunked') this.#chunks = new ChunkedBody()
    }
  }

  #readLength(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#missingBytes)
    this.#missingBytes -= end - at
    if (end > at) this.#taker.takeBytes(copied(bytes, at, end))
    if (this.#missingBytes === 0) this.#end(end < bytes.length)
    return end
  }

  /**
   * What several chunks hold is handed on as one piece: a provider that sends a byte in each would otherwise have every
   * byte go through all that a piece goes through.
   */
  #readChunks(bytes: Buffer, from: number): number {
    const chunks = this.#chunks
    if (chunks === null) return from
    const contents: Buffer[] = []
    let at = from
    try {
      while (at < bytes.length && !chunks.ended) {
        at = chunks.skip(bytes, at)
        const end = Math.min(bytes.length, at + chunks.contentBytes)
        if (end === at) continue
        chunks.took(end - at)
        contents.push(bytes.subarray(at, end))
        at = end
      }
    } finally {
      // Also what came before a fault.
      if (contents.length > 0) this.#taker.takeBytes(Buffer.concat(contents))
    }
    if (chunks.ended) this.#end(at < bytes.length)
    return at
  }

  #end(excess: boolean): void {
    this.#part = 'nothing'
    this.#chunks = null
    this.#taker.takeEnd(excess)
  }
}

function copied(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from)
  bytes.copy(copy, 0, from, to)
  return copy
}
