import type { Socket } from 'node:net'
import type { Member } from '#core/crowd/crowd.ts'
import { UpstreamFault, type UpstreamRequest } from '#ports.ts'
import { type AnswerHead, MalformedAnswer } from './http1/answer-head.ts'
import { AnswerReader, type AnswerTaker } from './http1/answer-reader.ts'
import { BodySender, type BodyWatch, emptyBody } from './upstream-body.ts'
import type { Carrier, Exchange } from './upstream-exchange.ts'
import { codeOf, connectFault, fault } from './upstream-faults.ts'
import { openSocket, type TlsMemory, type UpstreamAddress } from './upstream-socket.ts'
import { keepIdleMs, overdue, type UpstreamTimeouts, type WaitsFor } from './upstream-timeouts.ts'

/** Larger bodies are not copied behind their head, as text of one character a byte, but written after it. */
const copiedBodyBytes = 16_384

/** Where a connection that has been idle for longer might have been closed, it is looked at before it is used. */
const trustedIdleMs = 1_000

/** Whoever keeps the connections. */
export interface ConnectionOwner {
  readonly address: UpstreamAddress
  readonly tls: TlsMemory
  readonly timeouts: UpstreamTimeouts & { readonly connectTimeoutMs: number }
  monotonicMs(): number
  /** It can carry another exchange. */
  freed(connection: Connection): void
  /** It carries nothing any more. `unserved` had been given to it, and nothing of it was sent. */
  lost(connection: Connection, unserved: Exchange | null): void
  /** Its socket has been given back to the system. */
  socketClosed(): void
}

type State = 'connecting' | 'idle' | 'looking' | 'busy' | 'closed'

/** One connection: one exchange at a time, one after the other. */
export class Connection implements Carrier, AnswerTaker, BodyWatch, Member {
  place = -1
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #reader = new AnswerReader(this)
  #state: State = 'connecting'
  #exchange: Exchange | null
  #connectTimer: NodeJS.Timeout | null = null
  /** When something last went on. */
  #movedAtMs = 0
  #keepIdleMs = 0
  #afterHead = false
  #sender: BodySender | null = null
  #paused = false
  /** What was read, and is not wanted yet. */
  #rest: Buffer | null = null
  /** What ended the connection while there was a rest. */
  #endedBy: Error | 'end' | null = null
  /** The process may end though it is open. */
  #unwatched = false

  /** Opens it for an exchange. @throws where the address cannot be one */
  constructor(owner: ConnectionOwner, exchange: Exchange) {
    this.#owner = owner
    this.#exchange = exchange
    this.#socket = openSocket(owner.address, owner.tls, this.#onBytes)
    exchange.carrier = this
    this.#socket
      .once(owner.address.secure ? 'secureConnect' : 'connect', this.#onConnected)
      .on('error', this.#onError)
      .on('end', this.#onEnd)
      .on('close', this.#onClose)
    const { connectTimeoutMs } = owner.timeouts
    if (connectTimeoutMs > 0)
      this.#connectTimer = setTimeout(() => this.close(fault('connect_timeout', false)), connectTimeoutMs)
  }

  get idle(): boolean {
    return this.#state === 'idle'
  }

  expired(nowMs: number): boolean {
    return this.#state === 'idle' && nowMs - this.#movedAtMs >= this.#keepIdleMs
  }

  /** Carries an exchange; only where it is idle. */
  carry(exchange: Exchange, nowMs: number): void {
    if (this.#unwatched) {
      this.#unwatched = false
      this.#socket.ref()
    }
    if (nowMs - this.#movedAtMs > trustedIdleMs) this.#lookFirst(exchange)
    else this.#begin(exchange, nowMs)
  }

  /** Nothing may go on here before the next sweep: a process that has nothing else to do may end. */
  unwatch(): void {
    if (this.#unwatched || this.#state !== 'idle') return
    this.#unwatched = true
    this.#socket.unref()
  }

  /** The timeout that the exchange here has exceeded, or null. */
  overdue(nowMs: number): 'first_byte_timeout' | 'idle_timeout' | null {
    return overdue(this.#waitsFor(), nowMs - this.#movedAtMs, this.#owner.timeouts)
  }

  timedOut(nowMs: number): void {
    const code = this.overdue(nowMs)
    if (code !== null) this.close(fault(code, this.#afterHead))
  }

  /** Closes it; what it carries gets the fault. */
  close(why: UpstreamFault | null): void {
    if (this.#state === 'closed') return
    const exchange = this.#release()
    this.#shut(null)
    if (why !== null) exchange?.fail(why)
  }

  giveUp(): void {
    // What nothing of was sent leaves the connection as good as it was.
    this.#exchange = null
    if (this.#state === 'busy') this.#shut(null)
  }

  pause(): void {
    if (this.#paused || this.#state !== 'busy') return
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#paused || this.#state !== 'busy') return
    this.#paused = false
    this.#movedAtMs = this.#owner.monotonicMs()
    const rest = this.#rest
    this.#rest = null
    if (rest !== null) this.#read(rest)
    if (this.#paused) return
    if (this.#endedBy !== null) this.#finish(this.#endedBy)
    else this.#socket.resume()
  }

  takeHead(head: AnswerHead): void {
    const exchange = this.#exchange
    if (exchange === null) return
    this.#afterHead = true
    this.#movedAtMs = this.#owner.monotonicMs()
    this.#keepIdleMs = head.keepAlive && !isLast(exchange) ? keepIdleMs(head.keepAliveMs) : 0
    exchange.headCame(head)
  }

  takeBytes(piece: Buffer): boolean {
    this.#exchange?.bytesCame(piece)
    return this.#exchange !== null && !this.#paused
  }

  takeEnd(excess: boolean): void {
    const exchange = this.#release()
    if (exchange === null) return
    // Of a request that was answered before it had been sent, the rest would be taken for the next one.
    const sent = this.#sender === null && this.#socket.writableLength === 0
    try {
      exchange.ended()
    } catch (error) {
      this.#exchange = exchange
      throw error
    }
    if (this.#state !== 'busy') return
    if (this.#keepIdleMs === 0 || excess || !sent || this.#endedBy !== null) return this.#shut(null)
    if (this.#paused) this.#socket.resume()
    this.#paused = false
    this.#state = 'idle'
    this.#owner.freed(this)
  }

  bodyMoved(): void {
    this.#movedAtMs = this.#owner.monotonicMs()
  }

  bodySent(): void {
    this.#sender = null
    this.bodyMoved()
  }

  bodyBroke(error: Error): void {
    this.close(new UpstreamFault('reset', `the request did not reach the provider whole: ${error.message}`, error))
  }

  #waitsFor(): WaitsFor {
    if (this.#state !== 'busy' || this.#paused) return 'nothing'
    if (this.#afterHead) return 'more'
    return this.#sender === null || this.#socket.writableNeedDrain ? 'answer' : 'nothing'
  }

  /**
   * What the provider did to the connection is seen in the event loop's next turn at the latest: the first callback is
   * in this one, the second behind all that the system tells in the next.
   */
  #lookFirst(exchange: Exchange): void {
    this.#state = 'looking'
    this.#exchange = exchange
    exchange.carrier = this
    setImmediate(() =>
      setImmediate(() => {
        if (this.#state !== 'looking') return
        const wanted = this.#exchange
        if (wanted !== null) return this.#begin(wanted, this.#owner.monotonicMs())
        this.#state = 'idle'
        this.#owner.freed(this)
      }),
    )
  }

  #begin(exchange: Exchange, nowMs: number): void {
    this.#state = 'busy'
    this.#exchange = exchange
    exchange.carrier = this
    this.#afterHead = false
    this.#movedAtMs = nowMs
    this.#reader.begin(exchange.request.method)
    this.#write(exchange)
  }

  #write({ head, request: { body } }: Exchange): void {
    const socket = this.#socket
    if (isEmpty(body)) {
      socket.write(`${head.text}${emptyBody(head)}`, 'latin1')
    } else if (!Buffer.isBuffer(body)) {
      this.#sender = new BodySender(socket, body, head, this)
      this.#sender.start()
    } else {
      const text = `${head.text}content-length: ${body.length}\r\n\r\n`
      if (body.length <= copiedBodyBytes) socket.write(text + body.toString('latin1'), 'latin1')
      else {
        socket.cork()
        socket.write(text, 'latin1')
        socket.write(body)
        socket.uncork()
      }
    }
  }

  readonly #onConnected = (): void => {
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer)
    this.#connectTimer = null
    const nowMs = this.#owner.monotonicMs()
    const exchange = this.#exchange
    if (exchange !== null) return this.#begin(exchange, nowMs)
    this.#movedAtMs = nowMs
    this.#keepIdleMs = keepIdleMs(null)
    this.#state = 'idle'
    this.#owner.freed(this)
  }

  readonly #onBytes = (bytes: Buffer): boolean => {
    if (this.#state !== 'busy') {
      // Nobody has asked for anything: whatever it is, it would be taken for the next answer.
      this.#finish('end')
      return false
    }
    // The beginning of a head is no answer yet, nor is word that one will come: for neither there is more time.
    if (this.#afterHead) this.#movedAtMs = this.#owner.monotonicMs()
    if (this.#paused) this.#rest = Buffer.concat(this.#rest === null ? [bytes] : [this.#rest, bytes])
    else this.#read(bytes)
    return !this.#paused
  }

  #read(bytes: Buffer): void {
    try {
      const read = this.#reader.read(bytes)
      if (this.#paused && read < bytes.length) this.#rest = Buffer.from(bytes.subarray(read))
    } catch (error) {
      this.#misread(error)
    }
  }

  /** No HTTP: the provider may have done its work, and bill it. Or whoever took the answer threw: that ends it as well. */
  #misread(error: unknown): void {
    if (error instanceof MalformedAnswer)
      this.close(fault('bad_answer', this.#afterHead, { detail: error.message, cause: error }))
    else this.close(new UpstreamFault('reset', 'the answer could not be taken', error))
  }

  readonly #onEnd = (): void => {
    // In the middle of a handshake an error, or the close of the socket, says the same.
    if (this.#state !== 'connecting') this.#over('end')
  }

  readonly #onError = (error: Error): void => {
    if (this.#state === 'connecting') this.close(connectFault(error))
    else this.#over(error)
  }

  readonly #onClose = (): void => {
    if (this.#state === 'connecting') this.close(fault('reset', false))
    else this.#over('end')
    this.#owner.socketClosed()
  }

  /** What was read before is looked at first. */
  #over(by: Error | 'end'): void {
    if (this.#rest === null) this.#finish(by)
    else this.#endedBy ??= by
  }

  #finish(by: Error | 'end'): void {
    if (this.#state === 'closed') return
    // Nothing of it was sent: another connection can carry it.
    if (this.#state !== 'busy') return this.#shut(this.#release())
    try {
      // Only an orderly end says that an answer without a length is whole.
      if (by !== 'end' && this.#afterHead) this.close(this.#reset(by))
      else if (!this.#reader.end()) this.close(this.#reset(by))
    } catch (error) {
      this.#misread(error)
    }
  }

  #reset(by: Error | 'end'): UpstreamFault {
    return fault('reset', this.#afterHead, by === 'end' ? {} : { detail: codeOf(by), cause: by })
  }

  #release(): Exchange | null {
    const exchange = this.#exchange
    this.#exchange = null
    if (exchange !== null) exchange.carrier = null
    return exchange
  }

  #shut(unserved: Exchange | null): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer)
    this.#connectTimer = null
    this.#sender?.stop()
    this.#sender = null
    this.#rest = null
    this.#socket.destroy()
    this.#owner.lost(this, unserved)
  }
}

function isEmpty(body: UpstreamRequest['body']): body is null {
  return body === null || (Buffer.isBuffer(body) && body.length === 0)
}

/** Not every server expects a body after GET or DELETE: what it does not read of it would be taken for the next request. */
function isLast({ head, request }: Exchange): boolean {
  return head.lastOnConnection || (!head.expectsBody && !isEmpty(request.body))
}
