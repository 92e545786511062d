import type { AnswerSink, ClientExchange, Timer, Timers, UpstreamAnswer, UpstreamFault } from '#ports.ts'
import type { StreamMeter } from '#providers/meter.ts'
import type { CallControl } from './call-control.ts'
import { type Delivery, noBytes } from './delivery.ts'
import type { ReadOnLimits } from './road.ts'

export interface FlowParts {
  readonly exchange: ClientExchange
  readonly answer: UpstreamAnswer
  readonly abortUpstream: () => void
  readonly meter: StreamMeter
  readonly control: CallControl
  readonly timers: Timers
  readonly monotonicMs: () => number
  readonly limits: ReadOnLimits
  readonly form: Delivery['form']
}

/** How long an upstream may stay silent after it said that the answer has ended. */
const quietAfterEndMs = 2_000

/**
 * Passes an answer on as it comes, one chunk behind once the answer says that it ends, so that the client never
 * hears of an end that is not in the ledger. Resolves when the upstream has ended or failed.
 */
export function relayFlow(parts: FlowParts): Promise<Delivery> {
  return new Promise((resolve) => {
    const flow = new Flow(parts, resolve)
    parts.control.whileRunning(parts.abortUpstream)
    parts.exchange.onDrain(() => parts.answer.resume())
    parts.answer.deliver(flow)
    parts.exchange.onGone(() => flow.clientLeft())
    flow.delivered()
  })
}

class Flow implements AnswerSink {
  readonly #parts: FlowParts
  readonly #resolve: (delivery: Delivery) => void
  #held: Buffer = noBytes
  #firstByteAtMs: number | null = null
  #left = false
  #readOnBytes = 0
  #readOnTimer: Timer | null = null
  #quietTimer: Timer | null = null
  #over = false

  constructor(parts: FlowParts, resolve: (delivery: Delivery) => void) {
    this.#parts = parts
    this.#resolve = resolve
  }

  bytes(chunk: Buffer): void {
    if (this.#over) return
    this.#firstByteAtMs ??= this.#parts.monotonicMs()
    const out = this.#parts.meter.push(chunk)
    if (this.#left) return this.#readOn(chunk.length)
    if (this.#parts.meter.ending) this.#hold(out)
    else this.#write(out)
  }

  end(): void {
    this.#finish(null)
  }

  fail(fault: UpstreamFault): void {
    this.#finish(fault)
  }

  /** Everything that came with the head has been passed on. */
  delivered(): void {
    if (this.#firstByteAtMs === null && !this.#over) this.#parts.exchange.flushHead()
  }

  /** The caller is gone: the answer is read on for its usage, without anyone to wait for. */
  clientLeft(): void {
    if (this.#over) return
    this.#left = true
    this.#held = noBytes
    this.#parts.answer.resume()
    this.#readOnTimer = this.#parts.timers.after(this.#parts.limits.readAfterDisconnectMs, this.#parts.abortUpstream)
  }

  #readOn(bytes: number): void {
    this.#readOnBytes += bytes
    if (this.#readOnBytes > this.#parts.limits.readAfterDisconnectBytes) this.#parts.abortUpstream()
  }

  #hold(out: Buffer): void {
    const before = this.#held
    this.#held = out
    this.#write(before)
    this.#quietTimer?.cancel()
    if (this.#parts.meter.reading().complete) this.#quietTimer = this.#parts.timers.after(quietAfterEndMs, this.#quiet)
  }

  readonly #quiet = (): void => {
    this.#finish(null)
    this.#parts.abortUpstream()
  }

  #write(out: Buffer): void {
    if (out.length > 0 && !this.#parts.exchange.write(out)) this.#parts.answer.pause()
  }

  #finish(fault: UpstreamFault | null): void {
    if (this.#over) return
    this.#over = true
    this.#readOnTimer?.cancel()
    this.#quietTimer?.cancel()
    const tail = this.#parts.meter.end()
    this.#resolve({
      reading: this.#parts.meter.reading(),
      form: this.#parts.form,
      held: this.#left ? noBytes : tail.length === 0 ? this.#held : Buffer.concat([this.#held, tail]),
      fault,
      clientLeft: this.#left,
      started: true,
      firstByteAtMs: this.#firstByteAtMs,
      upstreamEndedAtMs: this.#parts.monotonicMs(),
    })
  }
}

/** For bodies that carry no usage: nothing is read, and the last chunk always waits for the ledger. */
export function createBlindMeter(reading: Delivery['reading']): StreamMeter {
  return { push: (chunk) => chunk, end: () => noBytes, ending: true, reading: () => reading }
}
