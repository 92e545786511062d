import type { Socket } from 'node:net'
import type { Member } from '#core/crowd/crowd.ts'
import { JoinedBytes } from '#lib/joined-bytes.ts'
import type { Asker, ClientExchange } from '#ports.ts'
import type { RequestHead } from '../http1/request-head.ts'
import { RequestHeads } from '../http1/request-heads.ts'
import { leftTooEarly, mostUnaskedRoomBytes } from './body-faults.ts'
import { type Carrier, PlainExchange } from './plain-exchange.ts'
import { queryOf } from './request-target.ts'

export interface PlainConnectionOptions {
  readonly onExchange: (exchange: ClientExchange) => void
  /** Whether somebody's request may be waited for, and held, before anybody has looked at it. */
  readonly knows: (asker: Asker) => boolean
  /** Gives the connection, with what has come and was not understood here, to a complete HTTP server. */
  readonly handOver: (socket: Socket, bytes: Buffer) => void
  /** Whoever sent half a request sends no more, but may still read what is said to that. Ends the connection. */
  readonly endedEarly: (socket: Socket) => void
  readonly onClose: (connection: PlainConnection) => void
  readonly keepAliveS: number
  readonly nowMs: () => number
}

/**
 * So much of a body is gathered for anybody. Larger ones of strangers are for Node's server: there a request is judged by
 * its head, and what is refused is not kept.
 */
const mostUnaskedBytes = 16 * 1024

/** So much of the requests behind the one being answered is taken in. */
const mostAheadBytes = 64 * 1024

/**
 * A connection on which plain requests come, one after the other. The first thing that is not plain makes it somebody
 * else's: whoever takes it over sees all of that request, and all that follow.
 */
export class PlainConnection implements Carrier, Member {
  place = -1
  readonly socket: Socket
  /** Since when it waits: for a request, for the rest of one, or for an answer. */
  sinceMs: number
  readonly #options: PlainConnectionOptions
  readonly #heads = new RequestHeads()
  #head: RequestHead | null = null
  /** What has come of a request that is not whole, or behind one. */
  readonly #came = new JoinedBytes()
  #exchange: PlainExchange | null = null
  #closing = false
  /** The request being answered says that it is the last. */
  #last = false
  #shut = false

  constructor(socket: Socket, options: PlainConnectionOptions) {
    this.socket = socket
    this.#options = options
    this.sinceMs = options.nowMs()
    socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    socket.on('timeout', this.#onTimeout)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  /** In the middle of a request or of its answer. */
  get busy(): boolean {
    return this.#exchange !== null || this.#head !== null || this.socket.writableLength > 0
  }

  /** A request has begun and is not complete. */
  get reading(): boolean {
    return this.#head !== null
  }

  /** After what is under way. */
  close(): void {
    this.#closing = true
    if (this.#exchange === null && this.#head === null) this.shut()
  }

  /** Takes no more. What was said is still sent. */
  shut(): void {
    this.#shut = true
    this.socket.destroySoon()
  }

  keepAliveS(): number | null {
    return this.#closing || this.#last || this.#shut ? null : this.#options.keepAliveS
  }

  answered(stays: boolean): void {
    this.#exchange = null
    this.sinceMs = this.#options.nowMs()
    if (!stays) this.shut()
    // Not at once: answers that are there already would pile up on the stack.
    else if (this.#came.length > 0) setImmediate(this.#goOn)
  }

  readonly #onData = (data: Buffer): void => {
    if (this.#shut) return
    if (this.#head !== null) this.#gather(this.#head, data)
    else if (this.#exchange !== null || this.#came.length > 0 || this.socket.writableNeedDrain) this.#keepAhead(data)
    else this.#begin(data)
  }

  #gather(head: RequestHead, data: Buffer): void {
    this.#came.add(data)
    if (this.#came.length >= head.end + head.bodyBytes) this.#complete(head)
  }

  #keepAhead(data: Buffer): void {
    this.#came.add(data)
    if (this.#came.length > mostAheadBytes) this.socket.pause()
  }

  #begin(data: Buffer): void {
    const head = this.#heads.read(data)
    // Larger ones may have to wait for room, and cost so much themselves that it does not matter who reads them.
    if (head === null || head.bodyBytes > mostUnaskedRoomBytes) return this.#handOver(data)
    const whole = head.end + head.bodyBytes
    if (data.length === whole) return this.#take(head, data.subarray(head.end))
    if (data.length < whole && head.bodyBytes > mostUnaskedBytes && !this.#knowsWhoSent(head))
      return this.#handOver(data)
    this.sinceMs = this.#options.nowMs()
    this.#head = head
    this.#gather(head, data)
  }

  #knowsWhoSent({ headers, target }: RequestHead): boolean {
    return this.#options.knows({ headers, query: queryOf(target) })
  }

  /** All of the request is here, and maybe more. */
  #complete(head: RequestHead): void {
    const all = this.#came.take()
    const end = head.end + head.bodyBytes
    if (all.length > end) this.#came.add(all.subarray(end))
    this.#take(head, all.subarray(head.end, end))
  }

  #take(head: RequestHead, body: Buffer): void {
    this.#head = null
    this.#last = !head.keepAlive
    this.#exchange = new PlainExchange(this, head, body)
    this.#options.onExchange(this.#exchange)
  }

  readonly #goOn = (): void => {
    if (this.#shut || this.socket.destroyed || this.#exchange !== null || this.#came.length === 0) return
    // Who reads no answers is given no more of them to be kept here.
    if (this.socket.writableNeedDrain) return
    this.socket.resume()
    this.#begin(this.#came.take())
  }

  #handOver(bytes: Buffer): void {
    const { socket } = this
    socket.off('data', this.#onData)
    socket.off('drain', this.#onDrain)
    socket.off('end', this.#onEnd)
    socket.off('timeout', this.#onTimeout)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
    this.#options.onClose(this)
    this.#options.handOver(socket, bytes)
  }

  readonly #onDrain = (): void => {
    this.sinceMs = this.#options.nowMs()
    if (this.#exchange !== null) this.#exchange.drained()
    else if (this.#head === null) this.#goOn()
  }

  /**
   * Who sends no more is taken to be gone, as Node's server does: nobody is left to read an answer. In the middle of a
   * request that is a fault of it, and said, for whoever has only stopped to send.
   */
  readonly #onEnd = (): void => {
    const head = this.#head
    if (head === null) {
      this.shut()
      return
    }
    this.#head = null
    this.#shut = true
    this.#options.endedEarly(this.socket)
    const exchange = new PlainExchange(this, head, leftTooEarly())
    exchange.lost()
    this.#options.onExchange(exchange)
  }

  readonly #onTimeout = (): void => {
    this.socket.destroy()
  }

  /** The end of the connection follows and says all that is of interest. */
  readonly #onError = (): void => {}

  readonly #onClose = (): void => {
    if (this.#head !== null) this.#onEnd()
    this.#exchange?.lost()
    this.#exchange = null
    this.#options.onClose(this)
  }
}
