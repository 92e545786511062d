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

interface Waiting {
  readonly exchange: HttpExchange
  readonly begin: () => void
}

/** Which connections are in the middle of an answer. */
export class AnswersUnderWay {
  readonly #last = new ChurnMap<Socket, HttpExchange>()
  /** Exchanges that came while the one before them, on the same connection, was under way. */
  readonly #pipelined = new WeakSet<HttpExchange>()
  /** What comes after an exchange on its connection. */
  readonly #behind = new WeakMap<HttpExchange, Waiting>()
  /** Those that have not begun. */
  readonly #waiting = new WeakSet<HttpExchange>()
  readonly #over = new WeakSet<HttpExchange>()
  readonly #slow: SlowReaders
  readonly #slowSenders = new SlowSenders()
  #count = 0
  #idle: () => void = () => {}

  constructor(slow: SlowReaders) {
    this.#slow = slow
  }

  /**
   * @param begin called when all that came before it on its connection is over. Node reads on meanwhile, and would begin
   * everything that a client sends without waiting for answers: until then no more is read.
   */
  add(exchange: HttpExchange, begin: () => void): void {
    const { socket } = exchange
    const before = this.#last.get(socket)
    this.#last.set(socket, exchange)
    this.#count += 1
    if (before === undefined) return begin()
    this.#pipelined.add(exchange)
    this.#waiting.add(exchange)
    this.#behind.set(before, { exchange, begin })
    hold(socket)
  }

  remove(exchange: HttpExchange): void {
    if (this.#over.has(exchange)) return
    const { socket } = exchange
    let next = this.#end(exchange)
    // Whoever has left, or has been told that there will be no further answer, has nothing begun for it, however much waits.
    while (next !== undefined && (socket.destroyed || !socket.writable)) next = this.#end(next.exchange)
    // From here on Node sets the socket's timeout itself, to that of idle connections; but not where another call follows.
    if (next === undefined) this.#slow.forget(socket)
    else this.#goOn(next)
    if (this.#count === 0) this.#idle()
  }

  /** What comes behind it. */
  #end(exchange: HttpExchange): Waiting | undefined {
    this.#over.add(exchange)
    this.#count -= 1
    const next = this.#behind.get(exchange)
    if (next !== undefined) this.#waiting.delete(next.exchange)
    else if (this.#last.get(exchange.socket) === exchange) this.#last.delete(exchange.socket)
    return next
  }

  #goOn({ exchange, begin }: Waiting): void {
    if (!this.#behind.has(exchange)) letGo(exchange.socket)
    begin()
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
    for (const last of this.#last.values()) {
      const { socket } = last
      const awaitsMore = last.awaitsMore && !this.#waiting.has(last)
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

/**
 * No more is read from it, although Node's server resumes a connection whenever a request of it is complete. It is paused
 * when what was resumed before this has been: an earlier pause would be undone by that.
 */
function hold(socket: Socket): void {
  if (isHeld(socket)) return
  socket.resume = () => socket
  setImmediate(() => {
    if (isHeld(socket)) socket.pause()
  })
}

function letGo(socket: Socket): void {
  Reflect.deleteProperty(socket, 'resume')
  socket.resume()
}

function isHeld(socket: Socket): boolean {
  return Object.hasOwn(socket, 'resume')
}
