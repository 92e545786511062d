import type { AnswerSink, PendingAnswer, UpstreamAnswer, UpstreamFault, UpstreamRequest } from '#ports.ts'
import type { AnswerHead } from './http1/answer-head.ts'
import type { OutgoingHead } from './http1/outgoing-head.ts'
import { fault } from './upstream-faults.ts'

/** What an exchange waits in, or runs on. */
export interface Carrier {
  /** Nobody wants the answer any more. */
  giveUp(exchange: Exchange): void
  pause(): void
  resume(): void
}

/**
 * One request and its answer. Head and first bytes often arrive in one packet, before whoever awaits the head has
 * run: they wait in `#early` until there is a sink.
 */
export class Exchange implements PendingAnswer, UpstreamAnswer {
  readonly answer: Promise<UpstreamAnswer>
  readonly request: UpstreamRequest
  readonly head: OutgoingHead
  status = 0
  headers: UpstreamAnswer['headers'] = {}
  carrier: Carrier | null = null
  readonly over: 'any' | 'new'
  /** Its place in the line for a connection, where it has to wait for one. */
  queueNumber = 0
  #resolve: (answer: UpstreamAnswer) => void = () => {}
  #reject: (fault: UpstreamFault) => void = () => {}
  #sink: AnswerSink | null = null
  #early: Buffer[] | null = null
  #end: UpstreamFault | 'ended' | null = null

  constructor(request: UpstreamRequest, head: OutgoingHead, over: 'any' | 'new') {
    this.request = request
    this.head = head
    this.over = over
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  abort(): void {
    if (this.#end !== null) return
    const carrier = this.carrier
    this.carrier = null
    carrier?.giveUp(this)
    this.fail(fault('aborted', false))
  }

  pause(): void {
    this.carrier?.pause()
  }

  resume(): void {
    this.carrier?.resume()
  }

  deliver(sink: AnswerSink): void {
    this.#sink = sink
    const early = this.#early
    this.#early = null
    if (early !== null) for (const piece of early) sink.bytes(piece)
    if (this.#end === 'ended') sink.end()
    else if (this.#end !== null) sink.fail(this.#end)
  }

  headCame(head: AnswerHead): void {
    this.status = head.status
    this.headers = head.headers
    this.#resolve(this)
  }

  bytesCame(piece: Buffer): void {
    if (this.#sink !== null) this.#sink.bytes(piece)
    else if (this.#early === null) this.#early = [piece]
    else this.#early.push(piece)
  }

  ended(): void {
    if (this.#end !== null) return
    this.#end = 'ended'
    try {
      this.#sink?.end()
    } catch (error) {
      // Whoever could not take it has to be told, or would wait for ever.
      this.#end = null
      throw error
    }
  }

  /** The answer does not come, or not to its end. Said once; afterwards it is without effect. */
  fail(why: UpstreamFault): void {
    if (this.#end !== null) return
    this.#end = why
    if (this.status === 0) this.#reject(why)
    else this.#sink?.fail(why)
  }
}

/** An exchange that never began. */
export function failed(why: UpstreamFault): PendingAnswer {
  return { answer: Promise.reject(why), abort: () => {} }
}
