import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Asker, ClientExchange } from '#ports.ts'
import { headFault } from '../http1/head-fault.ts'
import { AnswersUnderWay } from './answers-under-way.ts'
import { type ExchangeOptions, HttpExchange } from './http-exchange.ts'
import { PlainConnections } from './plain-connections.ts'
import { SlowReaders } from './slow-readers.ts'

export interface ServerOptions {
  readonly host: string
  readonly port: number
  /** How long a client may take nothing of an answer that waits for it. */
  readonly writeTimeoutMs: number
  /** Open at a time. Whoever comes beyond is not let in. */
  readonly connections: number
  /** One connection was not let in. */
  readonly onNotLetIn: () => void
  /** Whether who asks has a good key; a larger request of anybody else is refused by its head. Must not throw. */
  readonly knows: (asker: Asker) => boolean
  /** Must not throw or reject: a fault of the handler is a fault of the program. */
  readonly onExchange: (exchange: ClientExchange) => void
}

export interface RunningServer {
  readonly host: string
  readonly port: number
  /** From now on. */
  configure(limits: Pick<ServerOptions, 'writeTimeoutMs' | 'connections'>): void
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
/** How long it may be silent in the middle of a request. */
const silenceTimeoutMs = 60_000
const keepAliveTimeoutMs = 75_000

/** After what is the last word on a connection: how long its client may keep it open. */
const lastWordMs = 2_000
/** How long who asked for a tunnel may take to hear that there is none. */
const tunnelTimeoutMs = 2_000

/** How soon it is seen that a client has stopped to read. */
const sweepEveryMs = 1_000

/**
 * Plain requests, as official SDKs send them, are read here; a connection on which anything else comes is handed to
 * Node's server, which reads all of HTTP and refuses what is none. The first costs a call a third of the second.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const slow = new SlowReaders()
  const underWay = new AnswersUnderWay(slow)
  const server = nodeServer(options, underWay)
  const toNode = server.listeners('connection')
  server.removeAllListeners('connection')
  const plain = new PlainConnections({
    onExchange: options.onExchange,
    knows: options.knows,
    handOver: (socket, bytes) => {
      slow.forget(socket)
      socket.setTimeout(0)
      for (const listener of toNode) listener.call(server, socket)
      // Not unshift: a stream that flows already would keep it until more comes.
      socket.emit('data', bytes)
    },
    timeouts: { idleMs: keepAliveTimeoutMs, requestMs: requestTimeoutMs, silenceMs: silenceTimeoutMs },
    tooSlow,
    endedEarly,
    nowMs: () => performance.now(),
  })
  server.on('connection', (socket) => plain.take(socket))
  server.on('drop', options.onNotLetIn)
  server.maxConnections = options.connections
  let { writeTimeoutMs } = options
  await listen(server, options)
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : options.port
  const running: RunningServer = {
    host: options.host,
    port,
    configure: (limits) => {
      writeTimeoutMs = limits.writeTimeoutMs
      server.maxConnections = limits.connections
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
        plain.close()
      }),
    quiet: async (longestMs) => {
      await Promise.all([underWay.quiet(longestMs), plain.quiet(longestMs)])
    },
    destroy: () => {
      clearInterval(sweep)
      server.closeAllConnections()
      plain.destroy()
    },
  }
  const sweep = setInterval(() => {
    underWay.sweep({
      writeTimeoutMs,
      silenceMs: silenceTimeoutMs,
      nowMs: performance.now(),
      tooSlow: (socket) => {
        if (underWay.mayRefuse(socket)) tooSlow(socket)
        else socket.destroy()
      },
    })
    plain.sweep(slow, writeTimeoutMs)
  }, sweepEveryMs).unref()
  return running
}

function nodeServer(options: ServerOptions, underWay: AnswersUnderWay): Server {
  const onClose = (exchange: HttpExchange): void => underWay.remove(exchange)
  const atOnce = { awaitsContinue: false, onClose }
  const whenAsked = { awaitsContinue: true, onClose }
  const take = (request: IncomingMessage, response: ServerResponse, how: ExchangeOptions): void => {
    if (underWay.ends(request.socket)) return
    const exchange = new HttpExchange(request, response, how)
    underWay.add(exchange, () => {
      const fault = headFault(request.httpVersion, request.rawHeaders)
      if (fault === null) return options.onExchange(exchange)
      exchange.last = true
      exchange.answer(fault.status, jsonType, errorBody(fault))
    })
  }
  const server = createServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      maxHeaderSize: 64 * 1024,
      insecureHTTPParser: false,
      requireHostHeader: false,
      noDelay: true,
    },
    (request, response) => take(request, response, atOnce),
  )
  // Whoever asks before sending a large body is told to go on only when somebody reads it.
  server.on('checkContinue', (request, response) => take(request, response, whenAsked))
  // What asks for a tunnel takes us for a proxy of another kind.
  server.on('connect', (_request, socket: Socket) => {
    // From here on nobody else listens to it, nor looks after it: its errors would end the process.
    socket.on('error', () => socket.destroy()).setTimeout(tunnelTimeoutMs, () => socket.destroy())
    socket.resume()
    refuse(socket, [405, 'Method Not Allowed', 'method_not_allowed'], 'This is no proxy: it opens no tunnels.')
  })
  server.on('clientError', (error: Error & { code?: string }, socket: Socket) => {
    // What is wrong behind its last request is of no interest to anybody.
    if (underWay.ends(socket)) return
    if (underWay.mayRefuse(socket)) refuseBadHttp(error, socket)
    else socket.destroy()
  })
  return server
}

function listen(server: Server, options: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port, backlog: 4096 }, () => {
      server.off('error', reject)
      // A connection that the system could not give us is no reason to end those that it has.
      server.on('error', () => {})
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
  const refusal: Refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large', 'headers_too_large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? requestTimeout
        : badHttp
  if (error.code === 'HPE_INVALID_EOF_STATE') endedEarly(socket)
  else refuse(socket, refusal, `The request is not valid HTTP (${error.code ?? 'parse error'}).`)
}

function endedEarly(socket: Socket): void {
  refuse(socket, badHttp, 'The request ended before it was complete.')
}

type Refusal = readonly [status: number, reason: string, code: string]

const badHttp: Refusal = [400, 'Bad Request', 'bad_http']
const requestTimeout: Refusal = [408, 'Request Timeout', 'request_timeout']

function tooSlow(socket: Socket): void {
  refuse(socket, requestTimeout, 'The request did not come whole in time.')
}

/** Where there is no request that could be answered. Who does not close after that is closed upon. */
function refuse(socket: Socket, [status, reason, code]: Refusal, message: string): void {
  if (!socket.writable) return
  const body = errorBody({ code, message })
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n` +
      `connection: close\r\n\r\n${body}`,
  )
  const late = setTimeout(() => socket.destroy(), lastWordMs).unref()
  socket.once('close', () => clearTimeout(late))
}

const jsonType = ['content-type', 'application/json'] as const

function errorBody({ code, message }: { readonly code: string; readonly message: string }): Buffer {
  return Buffer.from(JSON.stringify({ error: { message, type: 'invalid_request_error', code } }))
}
