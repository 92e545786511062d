import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { BodyFault, type ClientExchange, type RawHeaders } from '#ports.ts'

export interface ServerOptions {
  readonly host: string
  readonly port: number
  /** Must not throw or reject: a fault of the handler is a fault of the program. */
  readonly onExchange: (exchange: ClientExchange) => void
}

export interface RunningServer {
  readonly host: string
  readonly port: number
  /** Stops accepting connections and closes idle ones; resolves when the last exchange has ended. */
  close(): Promise<void>
  /** Resolves when every answer under way has left, or when that took too long. */
  quiet(longestMs: number): Promise<void>
  /** Closes all connections at once. */
  destroy(): void
}

/** Slowloris bounds: how long a client may take for its headers, and for its whole request. */
const headersTimeoutMs = 60_000
const requestTimeoutMs = 600_000

/** After an answer that came before the end of its request: how long, and how far, the rest is still taken in. */
const lingerMs = 2_000
const lingerBytes = 64 * 1024 * 1024

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const underWay = new AnswersUnderWay()
  const take = (request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void => {
    underWay.add(request, response)
    options.onExchange(new HttpExchange(request, response, awaitsContinue))
  }
  const server = createServer(
    {
      keepAliveTimeout: 75_000,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      maxHeaderSize: 64 * 1024,
      insecureHTTPParser: false,
      requireHostHeader: false,
      noDelay: true,
    },
    (request, response) => take(request, response, false),
  )
  // Whoever asks before sending a large body is told to go on only when somebody reads it.
  server.on('checkContinue', (request, response) => take(request, response, true))
  server.on('clientError', (error: Error & { code?: string }, socket: Socket) => {
    if (underWay.mayRefuse(socket)) refuseBadHttp(error, socket)
    else socket.destroy()
  })
  await listen(server, options)
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : options.port
  return {
    host: options.host,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
    quiet: (longestMs) => underWay.quiet(longestMs),
    destroy: () => server.closeAllConnections(),
  }
}

function listen(server: Server, options: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port, backlog: 4096 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Which connections are in the middle of an answer. */
class AnswersUnderWay {
  readonly #last = new Map<
    Socket,
    { readonly request: IncomingMessage; readonly response: ServerResponse; count: number }
  >()
  #idle: () => void = () => {}

  add(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const before = this.#last.get(socket)
    this.#last.set(socket, { request, response, count: (before?.count ?? 0) + 1 })
    response.once('close', () => {
      const last = this.#last.get(socket)
      if (last !== undefined) last.count--
      if (last?.count === 0) this.#last.delete(socket)
      if (this.#last.size === 0) this.#idle()
    })
  }

  /**
   * What is said about bad HTTP on this connection must not be taken for a part of an answer, nor for the answer to a
   * request that was sound.
   */
  mayRefuse(socket: Socket): boolean {
    const last = this.#last.get(socket)
    return last === undefined || (last.count === 1 && !last.request.complete && !last.response.headersSent)
  }

  quiet(longestMs: number): Promise<void> {
    if (this.#last.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longestMs)
      this.#idle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** What Node's parser rejects: conflicting lengths, bad header bytes, headers too large, requests too slow. */
function refuseBadHttp(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, reason, code] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large', 'headers_too_large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout', 'request_timeout']
        : [400, 'Bad Request', 'bad_http']
  const body = JSON.stringify({
    error: {
      message: `The request is not valid HTTP (${error.code ?? 'parse error'}).`,
      type: 'invalid_request_error',
      code,
    },
  })
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  )
}

class HttpExchange implements ClientExchange {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #awaitsContinue: boolean

  constructor(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) {
    this.#request = request
    this.#response = response
    this.#awaitsContinue = awaitsContinue
    this.method = request.method ?? 'GET'
    const url = originForm(request.url ?? '/')
    const mark = url.indexOf('?')
    this.path = mark === -1 ? url : url.slice(0, mark)
    this.query = mark === -1 ? '' : url.slice(mark)
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

  get started(): boolean {
    return this.#response.headersSent
  }

  readBody(maxBytes: number): Promise<Buffer> {
    const request = this.#request
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > maxBytes) return Promise.reject(tooLarge(maxBytes))
    // Gone before anybody listened: none of its events will come any more.
    if (request.destroyed && !request.complete) return Promise.reject(leftTooEarly())
    this.#continue()
    return new Promise((resolve, reject) => {
      let chunks: Buffer[] | null = null
      let first: Buffer | null = null
      let size = 0
      request.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxBytes) {
          chunks = null
          first = null
          reject(tooLarge(maxBytes))
        } else if (first === null) first = chunk
        else if (chunks === null) chunks = [first, chunk]
        else chunks.push(chunk)
      })
      request.on('end', () => resolve(chunks !== null ? Buffer.concat(chunks, size) : (first ?? Buffer.alloc(0))))
      request.on('error', () => reject(leftTooEarly()))
    })
  }

  bodyStream(): NodeJS.ReadableStream {
    this.#continue()
    return this.#request
  }

  answer(status: number, headers: RawHeaders, body: Buffer): void {
    const response = this.#response
    if (this.#request.complete || !announcesBody(this.#request)) {
      response.writeHead(status, [...headers, 'content-length', String(body.length)])
      response.end(body)
      return
    }
    // A request that was not read to its end would otherwise be taken for the start of the next one.
    response.writeHead(status, [...headers, 'connection', 'close', 'content-length', String(body.length)])
    if (this.#awaitsContinue) response.end(body)
    else this.#lingerOver(body)
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
    response.write(body)
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
    this.#response.writeHead(status, headers as string[])
  }

  flushHead(): void {
    this.#response.flushHeaders()
  }

  write(chunk: Buffer): boolean {
    return this.#response.write(chunk)
  }

  end(chunk: Buffer): void {
    if (chunk.length > 0) this.#response.end(chunk)
    else this.#response.end()
  }

  breakOff(): void {
    this.#response.destroy()
  }

  onDrain(run: () => void): void {
    this.#response.on('drain', run)
  }

  onGone(run: () => void): void {
    const response = this.#response
    if (this.gone) run()
    else
      response.on('close', () => {
        if (!response.writableFinished) run()
      })
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

function leftTooEarly(): BodyFault {
  return new BodyFault('client_gone', 'the client left before its request was complete')
}

function tooLarge(maxBytes: number): BodyFault {
  return new BodyFault('body_too_large', `The request body is larger than the ${maxBytes} bytes allowed here.`)
}
