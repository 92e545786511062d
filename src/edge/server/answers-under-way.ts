import type { Socket } from 'node:net'
import { ChurnMap } from '#lib/churn-map.ts'
import type { HttpExchange } from './http-exchange.ts'
import type { SlowReaders } from './slow-readers.ts'
import { SlowSenders } from './slow-senders.ts'

interface Sweep {
  readonly writeTimeoutMs: number
  readonly silenceMs: number
  readonly nowMs: number
  /** The rest of the request under way does not come. */
  readonly tooSlow: (socket: Socket) => void
}

/** Which connections are in the middle of an answer. */
export class AnswersUnderWay {
  readonly #last = new ChurnMap<Socket, HttpExchange>()
  /** Exchanges that came while the one before them, on the same connection, was under way. */
  readonly #pipelined = new WeakSet<HttpExchange>()
  readonly #slow: SlowReaders
  readonly #slowSenders = new SlowSenders()
  #count = 0
  #idle: () => void = () => {}

  constructor(slow: SlowReaders) {
    this.#slow = slow
  }

  add(exchange: HttpExchange): void {
    const { socket } = exchange
    if (this.#last.get(socket) !== undefined) this.#pipelined.add(exchange)
    this.#last.set(socket, exchange)
    this.#count += 1
  }

  remove(exchange: HttpExchange): void {
    this.#count -= 1
    const { socket } = exchange
    if (this.#last.get(socket) === exchange) this.#last.delete(socket)
    // From here on Node sets the socket's timeout itself, to that of idle connections.
    this.#slow.forget(socket)
    if (this.#count === 0) this.#idle()
  }

  /** The answer under way on this connection closes it. */
  ends(socket: Socket): boolean {
    return this.#last.get(socket)?.last === true
  }

  /**
   * What is said about bad HTTP on this connection must not be taken for a part of an answer, nor for the answer to a
   * request that was sound.
   */
  mayRefuse(socket: Socket): boolean {
    const last = this.#last.get(socket)
    return last === undefined || (last.unanswered && !this.#pipelined.has(last))
  }

  /** To be called every now and then: see `SlowReaders` and `SlowSenders`. */
  sweep({ writeTimeoutMs, silenceMs, nowMs, tooSlow }: Sweep): void {
    for (const { socket, awaitsMore } of this.#last.values()) {
      this.#slow.look(socket, writeTimeoutMs)
      if (this.#slowSenders.stalled(socket, awaitsMore, { longestMs: silenceMs, nowMs })) tooSlow(socket)
    }
  }

  /** Resolves when every answer under way has left, or when that took too long. */
  quiet(longestMs: number): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longestMs)
      this.#idle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
