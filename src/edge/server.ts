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
  /** Closes all connections at once. */
  destroy(): void
}

/** Slowloris bounds: how long a client may take for its headers, and for its whole request. */
const headersTimeoutMs = 60_000
const requestTimeoutMs = 600_000

export async function startServer(options: ServerOptions): Promise<RunningServer> {
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
    (request, response) => options.onExchange(new HttpExchange(request, response)),
  )
  server.on('clientError', refuseBadHttp)
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

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
    this.method = request.method ?? 'GET'
    const url = request.url ?? '/'
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
      request.on('error', () => reject(new BodyFault('client_gone', 'the client left before its request was complete')))
    })
  }

  bodyStream(): NodeJS.ReadableStream {
    return this.#request
  }

  answer(status: number, headers: RawHeaders, body: Buffer): void {
    // A request that was not read to its end would otherwise be taken for the start of the next one.
    const unread = this.#request.complete ? [] : ['connection', 'close']
    this.#response.writeHead(status, [...headers, ...unread, 'content-length', String(body.length)])
    this.#response.end(body)
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

function tooLarge(maxBytes: number): BodyFault {
  return new BodyFault('body_too_large', `The request body is larger than the ${maxBytes} bytes allowed here.`)
}
