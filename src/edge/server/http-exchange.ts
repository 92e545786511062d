import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { JoinedBytes } from '#lib/joined-bytes.ts'
import type { BodyFault, BodyRoom, ClientExchange, RawHeaders } from '#ports.ts'
import { bodyTooLarge, leftTooEarly, mostUnaskedRoomBytes, noRoom } from './body-faults.ts'
import { pathOf, queryOf } from './request-target.ts'

/** After an answer that came before the end of its request: how long, and how far, the rest is still taken in. */
const lingerMs = 2_000
const lingerBytes = 64 * 1024 * 1024

export interface ExchangeOptions {
  /** The client has asked whether it may send its body. */
  readonly awaitsContinue: boolean
  /** Called once, when the answer has left or cannot any more. */
  readonly onClose: (exchange: HttpExchange) => void
}

const noListeners: (() => void)[] = []

/**
 * A request and its answer on Node's HTTP server. It is made for every call, so it listens for the end of its
 * connection once, for all who want to know.
 */
export class HttpExchange implements ClientExchange {
  readonly method: string
  readonly path: string
  readonly query: string
  /** Its answer closes the connection: what comes behind it has nobody to answer it. */
  last = false
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #awaitsContinue: boolean
  /** The client is kept from sending its body. */
  #waitsForRoom = false
  #whenGone: (() => void)[] = noListeners

  constructor(request: IncomingMessage, response: ServerResponse, options: ExchangeOptions) {
    this.#request = request
    this.#response = response
    this.#awaitsContinue = options.awaitsContinue
    response.on('close', () => {
      if (!response.writableFinished) for (const run of this.#whenGone) run()
      options.onClose(this)
    })
    this.method = request.method ?? 'GET'
    const target = originForm(request.url ?? '/')
    this.path = pathOf(target)
    this.query = queryOf(target)
  }

  get headers(): ClientExchange['headers'] {
    return this.#request.headers
  }

  get rawHeaders(): RawHeaders {
    return this.#request.rawHeaders
  }

  get gone(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished
  }

  get socket(): Socket {
    return this.#request.socket
  }

  /** True while the request has not come whole and nothing has been said in answer to it. */
  get unanswered(): boolean {
    return !this.#request.complete && !this.#response.headersSent
  }

  /** True while nobody but the client keeps the rest of the request from coming. */
  get awaitsMore(): boolean {
    return this.unanswered && !this.#awaitsContinue && !this.#waitsForRoom && this.#request.readableLength === 0
  }

  get started(): boolean {
    return this.#response.headersSent
  }

  async readBody(maxBytes: number, room?: BodyRoom): Promise<Buffer | BodyFault> {
    const request = this.#request
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > maxBytes) return bodyTooLarge(maxBytes)
    // Gone before anybody listened: none of its events will come any more.
    if (request.destroyed && !request.complete) return leftTooEarly()
    const asks = room !== undefined && announced > mostUnaskedRoomBytes
    if (asks && !(await this.#roomFor(room, announced))) return this.#noRoom()
    this.#continue()
    const body = await this.#gather(maxBytes, asks ? undefined : room)
    if (Buffer.isBuffer(body)) room?.shrink(body.length)
    return body
  }

  /** @param room asked where more comes than is held without; how much it will be, its sender has not said. */
  #gather(maxBytes: number, room?: BodyRoom): Promise<Buffer | BodyFault> {
    const request = this.#request
    return new Promise((resolve) => {
      const came = new JoinedBytes()
      let size = 0
      let asks = room
      const refuse = (fault: BodyFault): void => {
        came.take()
        size = Number.POSITIVE_INFINITY
        resolve(fault)
      }
      request.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxBytes) return refuse(bodyTooLarge(maxBytes))
        came.add(chunk)
        if (asks === undefined || size <= mostUnaskedRoomBytes) return
        const room = asks
        asks = undefined
        request.pause()
        void this.#roomFor(room, maxBytes).then((is) => {
          if (!is) refuse(this.#noRoom())
          request.resume()
        })
      })
      request.on('end', () => resolve(came.take()))
      request.on('error', () => resolve(leftTooEarly()))
    })
  }

  /** False also where the client has left meanwhile. */
  async #roomFor(room: BodyRoom, bytes: number): Promise<boolean> {
    const is = room.enter(bytes)
    if (typeof is === 'boolean') return is
    this.#waitsForRoom = true
    const left = new Promise<boolean>((resolve) => this.onGone(() => resolve(false)))
    const got = await Promise.race([is, left])
    this.#waitsForRoom = false
    return got && !this.gone
  }

  #noRoom(): BodyFault {
    return this.gone ? leftTooEarly() : noRoom()
  }

  bodyStream(): NodeJS.ReadableStream {
    this.#continue()
    return this.#request
  }

  answer(status: number, headers: RawHeaders, body: Buffer): void {
    this.start(status, [...headers, 'content-length', String(body.length)])
    this.end(body)
  }

  get #requestCame(): boolean {
    return this.#request.complete || !announcesBody(this.#request)
  }

  /**
   * Closing a connection with bytes unread makes the system reset it, and the client never sees its answer. So the
   * answer goes out, and the end only when the client has said all, or enough.
   */
  #lingerOver(body: Buffer): void {
    const request = this.#request
    const response = this.#response
    let size = 0
    const end = (): void => {
      clearTimeout(timer)
      if (!response.writableEnded) response.end()
    }
    const timer = setTimeout(end, lingerMs)
    if (body.length > 0) response.write(body)
    response.once('close', end)
    request.once('end', end)
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > lingerBytes) end()
    })
    request.resume()
  }

  #continue(): void {
    if (!this.#awaitsContinue) return
    this.#awaitsContinue = false
    this.#response.writeContinue()
  }

  start(status: number, headers: RawHeaders): void {
    // What is not read of a request would otherwise be taken for the start of the next one.
    this.last ||= !this.#requestCame
    this.#response.writeHead(status, this.last ? [...headers, 'connection', 'close'] : (headers as string[]))
  }

  flushHead(): void {
    this.#response.flushHeaders()
  }

  write(chunk: Buffer): boolean {
    return this.#response.write(chunk)
  }

  end(chunk: Buffer): void {
    // Who asked whether to send its body, and was not told soon enough, may send it all the same.
    const sends = !this.#awaitsContinue || this.#request.readableLength > 0
    if (!this.#requestCame && sends) this.#lingerOver(chunk)
    else if (chunk.length > 0) this.#response.end(chunk)
    else this.#response.end()
  }

  breakOff(): void {
    this.#response.destroy()
  }

  onDrain(run: () => void): void {
    this.#response.on('drain', run)
  }

  onGone(run: () => void): void {
    if (this.gone) run()
    else if (this.#whenGone === noListeners) this.#whenGone = [run]
    else this.#whenGone.push(run)
  }

  onTaken(run: () => void): void {
    if (this.#response.closed) run()
    else this.#response.once('close', run)
  }
}

/** `GET http://host/path` (RFC 9112, 3.2.2) asks for the same as `GET /path`. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target
  return /^https?:\/\/[^/?#]*(\/.*)?$/i.exec(target)?.[1] ?? target
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
