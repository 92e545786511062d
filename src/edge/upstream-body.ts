import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { OutgoingHead } from './http1/outgoing-head.ts'

/** Who is told how a body goes out. */
export interface BodyWatch {
  /** A part of it was handed to the connection. */
  bodyMoved(): void
  bodySent(): void
  /** Its source broke off, or has another length than it said. */
  bodyBroke(error: Error): void
}

/**
 * Sends a request whose body comes as a stream, no faster than the connection takes it. The body goes in chunks (RFC 9112,
 * 7.1) unless its length is known: declared, or all of it being there already. The head goes with the first piece.
 */
export class BodySender {
  readonly #socket: Socket
  readonly #body: Readable
  readonly #head: OutgoingHead
  readonly #watch: BodyWatch
  readonly #lengthBytes: number | null
  #sentBytes = 0
  #over = false

  constructor(socket: Socket, body: NodeJS.ReadableStream, head: OutgoingHead, watch: BodyWatch) {
    this.#socket = socket
    // The streams of Node's HTTP and files, which are what is ever given, are of this class.
    this.#body = body as Readable
    this.#head = head
    this.#watch = watch
    this.#lengthBytes = lengthIfWhole(this.#body) ?? head.declaredBytes
  }

  start(): void {
    const body = this.#body
    body.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose)
    this.#socket.on('drain', this.#onDrain)
    // What is over already says nothing more.
    if (body.errored !== null && body.errored !== undefined) setImmediate(this.#onError, body.errored)
    else if (body.readableEnded) setImmediate(this.#onEnd)
    else if (body.closed) setImmediate(this.#onClose)
    body.resume()
  }

  /** Nobody wants the rest. The stream is left to whoever owns it, paused. */
  stop(): void {
    if (this.#over) return
    this.#detach()
    this.#body.pause()
  }

  readonly #onData = (chunk: Buffer | string): void => {
    const piece = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (piece.length === 0) return
    if (this.#lengthBytes !== null && this.#sentBytes + piece.length > this.#lengthBytes)
      return this.#break(new Error('the body of the request is longer than declared'))
    const socket = this.#socket
    socket.cork()
    socket.write(this.#prefix(piece.length), 'latin1')
    this.#sentBytes += piece.length
    const goOn = socket.write(piece)
    socket.uncork()
    this.#watch.bodyMoved()
    if (!goOn) this.#body.pause()
  }

  #prefix(pieceBytes: number): string {
    const size = this.#lengthBytes === null ? `\r\n${pieceBytes.toString(16)}\r\n` : ''
    if (this.#sentBytes > 0) return size
    const { text } = this.#head
    if (this.#lengthBytes === null) return `${text}transfer-encoding: chunked\r\n${size}`
    return `${text}content-length: ${this.#lengthBytes}\r\n\r\n`
  }

  readonly #onEnd = (): void => {
    if (this.#over) return
    if (this.#lengthBytes !== null && this.#sentBytes !== this.#lengthBytes)
      return this.#break(new Error('the body of the request is shorter than declared'))
    this.#detach()
    if (this.#sentBytes === 0) this.#socket.write(`${this.#head.text}${emptyBody(this.#head)}`, 'latin1')
    else if (this.#lengthBytes === null) this.#socket.write('\r\n0\r\n\r\n', 'latin1')
    this.#watch.bodySent()
  }

  readonly #onError = (error: Error): void => this.#break(error)

  readonly #onClose = (): void => this.#break(new Error('the body of the request broke off'))

  readonly #onDrain = (): void => {
    if (!this.#over) this.#body.resume()
  }

  #break(error: Error): void {
    if (this.#over) return
    this.#detach()
    this.#watch.bodyBroke(error)
  }

  #detach(): void {
    this.#over = true
    this.#socket.off('drain', this.#onDrain)
    this.#body.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    // `#onError` stays: an error of a stream that nobody listens to would end the process.
  }
}

/** What stands behind the fields of a request without a body. */
export function emptyBody(head: OutgoingHead): string {
  return head.expectsBody ? 'content-length: 0\r\n\r\n' : '\r\n'
}

/** Of a stream that has ended and of which nothing was read; Node does not tell in public that the end is near. */
function lengthIfWhole(body: Readable): number | null {
  body.read(0)
  const { _readableState: state } = body as Readable & { _readableState?: { ended: boolean } }
  return state?.ended === true && !body.readableObjectMode ? body.readableLength : null
}
