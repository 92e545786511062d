import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { noBytes } from '#lib/no-bytes.ts'
import type { BodyFault, ClientExchange } from '#ports.ts'
import { headText, mayHaveBody } from '../http1/outgoing-answer.ts'
import type { RequestHead } from '../http1/request-head.ts'
import { bodyTooLarge } from './body-faults.ts'
import { pathOf, queryOf } from './request-target.ts'

/** What carries an exchange. */
export interface Carrier {
  readonly socket: Socket
  /** For how many seconds it stays without a request; null where it ends with this answer. */
  keepAliveS(): number | null
  /** The answer is whole, and with the socket. */
  answered(stays: boolean): void
}

const nothingToRun: (() => void)[] = []
const lastChunk = Buffer.from('0\r\n\r\n')

/**
 * Up to here copying a body behind its head costs less than handing the system two pieces. Both go as one text of one
 * character a byte, which the system is given without a buffer having to be made for it.
 */
const mostCopiedBytes = 16 * 1024

/** A plain request, which has come whole, and its answer. */
export class PlainExchange implements ClientExchange {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: RequestHead['headers']
  readonly rawHeaders: readonly string[]
  gone = false
  started = false
  readonly #carrier: Carrier
  readonly #body: Buffer | BodyFault
  /** The head of an answer that has begun and is not on the wire yet. */
  #head: string | null = null
  #chunked = true
  #bodyless = false
  #stays = true
  #ended = false
  #whenGone: (() => void)[] = nothingToRun
  #whenDrained: (() => void)[] = nothingToRun

  constructor(carrier: Carrier, head: RequestHead, body: Buffer | BodyFault) {
    this.#carrier = carrier
    this.#body = body
    this.method = head.method
    this.path = pathOf(head.target)
    this.query = queryOf(head.target)
    this.headers = head.headers
    this.rawHeaders = head.rawHeaders
  }

  readBody(maxBytes: number): Buffer | BodyFault {
    const body = this.#body
    return Buffer.isBuffer(body) && body.length > maxBytes ? bodyTooLarge(maxBytes) : body
  }

  bodyStream(): NodeJS.ReadableStream {
    const body = this.#body
    if (Buffer.isBuffer(body)) return Readable.from(body.length > 0 ? [body] : [], { objectMode: false })
    const { message } = body
    return new Readable({
      read() {
        this.destroy(new Error(message))
      },
    })
  }

  answer(status: number, headers: readonly string[], body: Buffer): void {
    if (this.#over()) return
    this.#head = this.#headOf(status, headers, { bytes: body.length })
    this.#chunked = false
    this.#write(mayHaveBody(status) ? body : noBytes)
    this.#finish()
  }

  start(status: number, headers: readonly string[]): void {
    if (this.#over()) return
    this.#bodyless = !mayHaveBody(status)
    const framed = this.#bodyless || has(headers, 'content-length')
    this.#chunked = !framed
    this.#head = this.#headOf(status, headers, framed ? 'own' : 'chunked')
  }

  flushHead(): void {
    if (this.#over() || this.#head === null) return
    this.#carrier.socket.write(this.#head, 'latin1')
    this.#head = null
  }

  write(chunk: Buffer): boolean {
    return this.#over() || this.#bodyless || chunk.length === 0 || this.#write(chunk)
  }

  end(chunk: Buffer): void {
    if (this.#over()) return
    if (chunk.length > 0 && !this.#bodyless) this.#write(chunk)
    this.flushHead()
    if (this.#chunked) this.#carrier.socket.write(lastChunk)
    this.#finish()
  }

  breakOff(): void {
    if (!this.#over()) this.#carrier.socket.destroy()
  }

  onDrain(run: () => void): void {
    this.#whenDrained = [...this.#whenDrained, run]
  }

  onGone(run: () => void): void {
    if (this.gone) run()
    else this.#whenGone = [...this.#whenGone, run]
  }

  onTaken(run: () => void): void {
    const { socket } = this.#carrier
    // One that ends after this answer drains without a word.
    const waits = socket.writableNeedDrain || (socket.writableEnded && socket.writableLength > 0)
    if (socket.destroyed || !waits) return run()
    const taken = (): void => {
      socket.off('drain', taken).off('close', taken)
      run()
    }
    socket.on('drain', taken).on('close', taken)
  }

  /** The client takes bytes again. */
  drained(): void {
    for (const run of this.#whenDrained) run()
  }

  /** The connection ended before the answer did. */
  lost(): void {
    this.gone = true
    for (const run of this.#whenGone) run()
  }

  #over(): boolean {
    return this.gone || this.#ended
  }

  #headOf(status: number, headers: readonly string[], body: { readonly bytes: number } | 'chunked' | 'own'): string {
    const closes = has(headers, 'connection')
    const keepAliveS = closes ? null : this.#carrier.keepAliveS()
    this.#stays = keepAliveS !== null
    const nowMs = has(headers, 'date') ? null : Date.now()
    const text = headText(status, closes ? without(headers, 'connection') : headers, { body, keepAliveS, nowMs })
    this.started = true
    return text
  }

  /** One piece where that is cheap: each one handed to the system costs. */
  #write(chunk: Buffer): boolean {
    const { socket } = this.#carrier
    const before = (this.#head ?? '') + (this.#chunked ? `${chunk.length.toString(16)}\r\n` : '')
    const after = this.#chunked ? '\r\n' : ''
    this.#head = null
    if (chunk.length <= mostCopiedBytes) return socket.write(before + chunk.toString('latin1') + after, 'latin1')
    socket.cork()
    if (before !== '') socket.write(before, 'latin1')
    const takesMore = socket.write(chunk)
    if (after !== '') socket.write(after, 'latin1')
    socket.uncork()
    return takesMore
  }

  #finish(): void {
    this.#ended = true
    this.#carrier.answered(this.#stays)
  }
}

/** Names that the gateway sets are in lower case, as are those of answers passed on. */
function has(headers: readonly string[], name: string): boolean {
  for (let index = 0; index < headers.length; index += 2) if (headers[index] === name) return true
  return false
}

function without(headers: readonly string[], name: string): string[] {
  const kept: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index] !== name) kept.push(headers[index] ?? '', headers[index + 1] ?? '')
  }
  return kept
}
