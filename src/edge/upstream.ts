import { Crowd } from '#core/crowd/crowd.ts'
import { ChurnMap } from '#lib/churn-map.ts'
import { type Clock, type PendingAnswer, type Upstream, UpstreamFault, type UpstreamRequest } from '#ports.ts'
import { outgoingHead, UnsendableRequest } from './http1/outgoing-head.ts'
import { systemClock } from './system.ts'
import { Connection, type ConnectionOwner } from './upstream-connection.ts'
import { type Carrier, Exchange, failed } from './upstream-exchange.ts'
import { connectFault } from './upstream-faults.ts'
import { type TlsMemory, type UpstreamAddress, upstreamAddress } from './upstream-socket.ts'
import { sweepEveryMs } from './upstream-timeouts.ts'

export interface UpstreamPoolOptions {
  /** Scheme, host and port; the path is each request's own. */
  readonly origin: string
  /** Unix socket instead of a TCP connection, or null. */
  readonly socketPath: string | null
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly idleTimeoutMs: number
}

/**
 * Keep-alive connections to one provider, over HTTP/1.1. The one used last is used first, so that those too many become
 * idle and are closed; requests beyond `maxConnections` wait in their order, without a timeout.
 *
 * Timeouts have no timer of their own: one sweep looks at all connections, a few times in the shortest of them.
 */
export class UpstreamPool implements Upstream, ConnectionOwner, Carrier {
  readonly address: UpstreamAddress
  readonly tls: TlsMemory = { session: null }
  readonly timeouts: UpstreamPoolOptions
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #host: string
  readonly #connections = new Crowd<Connection>()
  /** The one used last is the last; some may have been closed. */
  #idle: Connection[] = []
  /** By number, in the order in which they came. */
  readonly #queue = new ChurnMap<number, Exchange>()
  #queued = 0
  #sockets = 0
  #sweep: NodeJS.Timeout | null = null
  #closing = false
  #whenClosed: (() => void)[] = []

  constructor(options: UpstreamPoolOptions, clock: Pick<Clock, 'monotonicMs'> = systemClock) {
    this.address = upstreamAddress(options.origin, options.socketPath)
    this.timeouts = options
    this.#clock = clock
    this.#host = new URL(options.origin).host
  }

  send(request: UpstreamRequest, over: 'any' | 'new' = 'any'): PendingAnswer {
    if (this.#closing) return failed(closedFault())
    let exchange: Exchange
    try {
      exchange = new Exchange(request, outgoingHead(request.method, request.path, request.headers, this.#host), over)
    } catch (error) {
      if (!(error instanceof UnsendableRequest)) throw error
      return failed(new UpstreamFault('reset', `the request cannot be sent: ${error.message}`, error))
    }
    this.#dispatch(exchange)
    return exchange
  }

  /** Lets running exchanges finish. */
  close(): Promise<void> {
    this.#closing = true
    for (const connection of this.#connections.all()) if (connection.idle) connection.close(null)
    return this.#closed()
  }

  /** Breaks running exchanges off. */
  destroy(): Promise<void> {
    this.#closing = true
    const waiting = this.#queue.values()
    for (const exchange of waiting) this.#queue.delete(exchange.queueNumber)
    for (const connection of this.#connections.all()) connection.close(closedFault())
    for (const exchange of waiting) exchange.fail(closedFault())
    return this.#closed()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  freed(connection: Connection): void {
    const next = this.#next()
    if (next !== null) connection.carry(next, this.monotonicMs())
    else if (this.#closing) connection.close(null)
    else this.#idle.push(connection)
  }

  lost(connection: Connection, unserved: Exchange | null): void {
    this.#connections.remove(connection)
    if (unserved !== null) this.#dispatch(unserved)
    while (this.#queue.size > 0 && this.#connections.size < this.timeouts.maxConnections) {
      const next = this.#next()
      if (next !== null) this.#open(next)
    }
    if (this.#connections.size === 0) this.#idle = []
    this.#settle()
  }

  socketClosed(): void {
    this.#sockets--
    this.#settle()
  }

  giveUp(exchange: Exchange): void {
    this.#queue.delete(exchange.queueNumber)
    this.#settle()
  }

  pause(): void {
    // Nothing comes while it waits.
  }

  resume(): void {
    // As above.
  }

  #dispatch(exchange: Exchange): void {
    const nowMs = this.monotonicMs()
    const full = this.#connections.size >= this.timeouts.maxConnections
    const idle = exchange.over === 'any' || full ? this.#takeIdle(nowMs) : null
    if (idle !== null && exchange.over === 'any') return idle.carry(exchange, nowMs)
    // It makes room.
    idle?.close(null)
    if (this.#connections.size < this.timeouts.maxConnections) return this.#open(exchange)
    exchange.carrier = this
    this.#queued += 1
    exchange.queueNumber = this.#queued
    this.#queue.set(this.#queued, exchange)
  }

  #takeIdle(nowMs: number): Connection | null {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.expired(nowMs)) idle.close(null)
      else if (idle.idle) return idle
    }
    return null
  }

  /** Takes the exchange that has waited longest. */
  #next(): Exchange | null {
    const number = this.#queue.firstKey()
    if (number === undefined) return null
    const exchange = this.#queue.get(number) ?? null
    this.#queue.delete(number)
    return exchange
  }

  #open(exchange: Exchange): void {
    try {
      this.#connections.add(new Connection(this, exchange))
    } catch (error) {
      return exchange.fail(connectFault(error instanceof Error ? error : new Error(String(error))))
    }
    this.#sockets++
    this.#sweep ??= setInterval(this.#look, sweepEveryMs(this.timeouts)).unref()
  }

  readonly #look = (): void => {
    const nowMs = this.monotonicMs()
    const late: Connection[] = []
    for (const connection of this.#connections.all()) {
      if (connection.overdue(nowMs) !== null) late.push(connection)
      else if (connection.expired(nowMs)) connection.close(null)
      else connection.unwatch()
    }
    this.#idle = this.#idle.filter((connection) => connection.idle)
    // It may be this process that was late: what has come in the meantime is read before anybody is given up.
    if (late.length === 0) return
    setImmediate(() =>
      setImmediate(() => {
        for (const connection of late) connection.timedOut(this.monotonicMs())
      }),
    )
  }

  #closed(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenClosed.push(resolve)
      this.#settle()
    })
  }

  #settle(): void {
    if (this.#connections.size === 0 && this.#sweep !== null) {
      clearInterval(this.#sweep)
      this.#sweep = null
    }
    if (!this.#closing || this.#sockets > 0 || this.#queue.size > 0 || this.#connections.size > 0) return
    const told = this.#whenClosed
    this.#whenClosed = []
    for (const tell of told) tell()
  }
}

function closedFault(): UpstreamFault {
  return new UpstreamFault('reset', 'the connections to the provider were closed')
}
