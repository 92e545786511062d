import type { Socket } from 'node:net'
import { Crowd } from '#core/crowd/crowd.ts'
import { PlainConnection, type PlainConnectionOptions } from './plain-connection.ts'
import type { SlowReaders } from './slow-readers.ts'
import { SlowSenders } from './slow-senders.ts'

interface PlainTimeouts {
  /** Without a request. */
  readonly idleMs: number
  /** For one request, from its first byte to its last. */
  readonly requestMs: number
  /** In the middle of a request, without a byte of it. */
  readonly silenceMs: number
}

interface PlainConnectionsOptions extends Omit<PlainConnectionOptions, 'onClose' | 'keepAliveS'> {
  readonly timeouts: PlainTimeouts
  /** The request did not come whole in time. */
  readonly tooSlow: (socket: Socket) => void
}

const lookAgainMs = 10

/** All connections on which nothing but plain requests came so far. */
export class PlainConnections {
  readonly #all = new Crowd<PlainConnection>()
  readonly #options: PlainConnectionsOptions
  readonly #each: PlainConnectionOptions
  readonly #slowSenders = new SlowSenders()
  #closing = false

  constructor(options: PlainConnectionsOptions) {
    this.#options = options
    this.#each = {
      onExchange: options.onExchange,
      knows: options.knows,
      handOver: options.handOver,
      endedEarly: options.endedEarly,
      nowMs: options.nowMs,
      keepAliveS: Math.floor(options.timeouts.idleMs / 1000),
      onClose: (connection) => this.#all.remove(connection),
    }
  }

  take(socket: Socket): void {
    const connection = new PlainConnection(socket, this.#each)
    this.#all.add(connection)
    if (this.#closing) connection.close()
  }

  /** To be called every now and then: whoever is too slow, or has nothing to ask, is let go. */
  sweep(slow: SlowReaders, writeTimeoutMs: number): void {
    const { timeouts, nowMs, tooSlow } = this.#options
    const now = nowMs()
    for (const connection of this.#all.all()) {
      const { socket, reading } = connection
      const waitedMs = now - connection.sinceMs
      slow.look(socket, writeTimeoutMs)
      const stalled = this.#slowSenders.stalled(socket, reading, { longestMs: timeouts.silenceMs, nowMs: now })
      if (stalled || (reading && waitedMs > timeouts.requestMs)) {
        tooSlow(socket)
        connection.shut()
      } else if (!connection.busy && waitedMs > timeouts.idleMs) connection.close()
    }
  }

  /** Each as soon as what is under way on it is over. */
  close(): void {
    this.#closing = true
    for (const connection of this.#all.all()) connection.close()
  }

  destroy(): void {
    for (const connection of this.#all.all()) connection.socket.destroy()
  }

  /** Resolves when nothing is under way, or when that took too long. */
  quiet(longestMs: number): Promise<void> {
    const { nowMs } = this.#options
    const giveUpAtMs = nowMs() + longestMs
    return new Promise((resolve) => {
      const look = (): void => {
        if (nowMs() >= giveUpAtMs || !this.#all.all().some((connection) => connection.busy)) resolve()
        else setTimeout(look, lookAgainMs)
      }
      look()
    })
  }
}
