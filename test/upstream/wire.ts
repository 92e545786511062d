import { createServer, type Server, type Socket } from 'node:net'
import { systemClock } from '#edge/system.ts'
import { UpstreamPool, type UpstreamPoolOptions } from '#edge/upstream.ts'
import type { Clock, PendingAnswer, UpstreamFault } from '#ports.ts'
import { until } from '#test/support/until.ts'

/** A server by hand: the test reads what was sent and writes what it likes. */
export interface Wire {
  readonly url: string
  readonly connections: readonly WireConnection[]
  /** The connection of this number, once it is there and a whole request without a body, or its head, has come. */
  asked(connection: number, requests?: number): Promise<WireConnection>
  close(): Promise<void>
}

export interface WireConnection {
  readonly socket: Socket
  /** Everything, one character a byte. */
  received: string
  ended: boolean
  closed: boolean
  answer(text: string): void
}

export async function startWire(
  listen: (server: Server) => void = (server) => server.listen(0, '127.0.0.1'),
  onConnection: (connection: WireConnection) => void = () => {},
): Promise<Wire> {
  const connections: WireConnection[] = []
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = wireConnection(socket)
    connections.push(connection)
    onConnection(connection)
  })
  await new Promise<void>((resolve) => listen(server.once('listening', resolve)))
  return wireOf(server, connections)
}

export function wireConnection(socket: Socket): WireConnection {
  const connection: WireConnection = {
    ...{ socket, received: '', ended: false, closed: false },
    answer: (text) => void socket.write(text, 'latin1'),
  }
  socket.on('data', (chunk) => {
    connection.received += chunk.toString('latin1')
  })
  socket.on('end', () => {
    connection.ended = true
    socket.end()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    connection.closed = true
  })
  return connection
}

export function wireOf(server: Server, connections: readonly WireConnection[]): Wire {
  const address = server.address()
  return {
    url: typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : 'http://unix',
    connections,
    asked: (connection, requests = 1) =>
      until(`request ${requests} on connection ${connection}`, () => {
        const found = connections[connection]
        return found !== undefined && found.received.split('\r\n\r\n').length > requests ? found : null
      }),
    close: () => {
      for (const { socket } of connections) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

export function openPool(
  origin: string,
  more: Partial<UpstreamPoolOptions> = {},
  clock: Pick<Clock, 'monotonicMs'> = systemClock,
): UpstreamPool {
  const options = { origin, socketPath: null, maxConnections: 4, connectTimeoutMs: 5_000 }
  return new UpstreamPool({ ...options, firstByteTimeoutMs: 60_000, idleTimeoutMs: 60_000, ...more }, clock)
}

export function get(pool: UpstreamPool, path = '/'): PendingAnswer {
  return pool.send({ method: 'GET', path, headers: [], body: null })
}

/** What came of a request, in the end. */
export interface Came {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  /** Of the fault, or `none`. */
  readonly code: string
}

export async function whatCame(pending: PendingAnswer): Promise<Came> {
  try {
    const answer = await pending.answer
    let body = ''
    const code = await new Promise<string>((resolve) =>
      answer.deliver({
        bytes: (piece) => {
          body += piece.toString('latin1')
        },
        end: () => resolve('none'),
        fail: (fault) => resolve(fault.code),
      }),
    )
    return { status: answer.status, headers: answer.headers, body, code }
  } catch (error) {
    return { status: 0, headers: {}, body: '', code: (error as UpstreamFault).code }
  }
}

/** A whole answer of this body. */
export function ok(body: string, ...more: readonly string[]): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${more.map((line) => `${line}\r\n`).join('')}\r\n${body}`
}
