import { BodyDecoder, type ContentEncoding } from '#lib/content-encoding.ts'
import { WholeEvents } from '#lib/whole-events.ts'
import {
  type AnswerSink,
  type ClientExchange,
  type Timer,
  type Timers,
  type UpstreamAnswer,
  UpstreamFault,
} from '#ports.ts'
import type { PassedEvents } from '#providers/cut-stream.ts'
import type { StreamMeter } from '#providers/meter.ts'
import type { StreamAllowance } from './budgets/allowance.ts'
import type { CallControl, Work } from './call-control.ts'
import { type Cut, type Delivery, noBytes } from './delivery.ts'
import type { UpstreamSecret } from './hide-secret.ts'
import type { ReadOnLimits } from './road.ts'

export interface FlowParts {
  readonly exchange: ClientExchange
  readonly answer: UpstreamAnswer
  readonly upstream: Work
  readonly meter: StreamMeter
  readonly control: CallControl
  readonly timers: Timers
  readonly monotonicMs: () => number
  readonly limits: ReadOnLimits
  readonly form: Delivery['form']
  /** What a budget lets the answer have; null = all of it is paid for already. */
  readonly allowance: StreamAllowance | null
  /** Follows what the client gets, so that the answer can be ended where it stands; null = it cannot be. */
  readonly passed: PassedEvents | null
  /** What is not to be shown of it. */
  readonly secret: UpstreamSecret
  /** How the body is encoded although it was asked for plain: a decoded copy is read then. Null = it is not. */
  readonly encoding: readonly ContentEncoding[] | null
}

/** What follows the event that ends an answer waits with it for the ledger; more than this was no end. */
const mostHeldBytes = 262_144

/** How long an upstream may stay silent after it said that the answer has ended. */
const quietAfterEndMs = 2_000

/**
 * Passes an answer on as it comes, and holds back what comes from its last event on, so that the client never hears
 * of an end that is not in the ledger. Resolves when the upstream has ended or failed.
 */
export function relayFlow(parts: FlowParts): Promise<Delivery> {
  return new Promise((resolve) => {
    const flow = new Flow(parts, resolve)
    parts.control.whileRunning(parts.upstream)
    parts.exchange.onDrain(() => parts.answer.resume())
    const { encoding, secret } = parts
    parts.answer.deliver(
      encoding === null
        ? secret.hiddenOnTheWayTo(flow)
        : new DecodedFlow(flow, new BodyDecoder(encoding), secret.watch(), parts.upstream),
    )
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
  #quietTimer: Timer | null = null
  #over = false
  #cut: Cut | null = null
  #counting = false
  readonly #events: WholeEvents | null

  constructor(parts: FlowParts, resolve: (delivery: Delivery) => void) {
    this.#parts = parts
    this.#resolve = resolve
    this.#events = parts.passed === null ? null : new WholeEvents()
  }

  bytes(chunk: Buffer): void {
    if (this.#over) return
    this.#passOn(this.#parts.meter.push(chunk), chunk.length)
  }

  /** A chunk that could only be read in another form. */
  encodedBytes(chunk: Buffer, decoded: readonly Buffer[]): void {
    if (this.#over) return
    for (const piece of decoded) this.#parts.meter.push(piece)
    this.#passOn(chunk, chunk.length)
  }

  #passOn(out: Buffer, cameBytes: number): void {
    this.#firstByteAtMs ??= this.#parts.monotonicMs()
    const covered = this.#covered()
    if (this.#left) this.#readOn(cameBytes)
    else if (this.#parts.meter.ending) this.#hold(out)
    else this.#write(out)
    if (!covered) this.#countOrCutOff()
  }

  /** Its bytes are more than the budget can pay as tokens: are its tokens? Meanwhile no more of it is asked for. */
  #countOrCutOff(): void {
    const { allowance, answer, meter } = this.#parts
    if (allowance === null || this.#counting) return
    const { outputBytes } = meter
    const { outputText, outputCharsCut } = meter.reading()
    if (outputCharsCut !== undefined || !allowance.isWorthCounting(outputBytes)) return this.#cutOff()
    this.#counting = true
    answer.pause()
    const decide = (): void => {
      this.#counting = false
      if (this.#over) return
      if (this.#covered()) answer.resume()
      else this.#countOrCutOff()
    }
    allowance.count(outputText, outputBytes).then(decide, () => {
      if (!this.#over) this.#cutOff()
    })
  }

  #covered(): boolean {
    const { allowance, meter } = this.#parts
    return allowance === null || meter.ending || allowance.covers(meter.outputBytes)
  }

  /** The budget is used up: the answer ends behind the last whole event. What has come is billed, so it is passed on. */
  #cutOff(): void {
    this.#cut = this.#parts.allowance?.cut ?? null
    this.#events?.take()
    this.#finish(null)
    this.#parts.upstream.abort()
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
  }

  #readOn(bytes: number): void {
    this.#readOnBytes += bytes
    if (this.#readOnBytes > this.#parts.limits.readAfterDisconnectBytes) this.#parts.upstream.abort()
  }

  #hold(out: Buffer): void {
    if (this.#parts.form === 'opaque' || this.#held.length + out.length > mostHeldBytes) {
      this.#write(this.#held)
      this.#held = out
    } else {
      this.#held = this.#held.length === 0 ? out : Buffer.concat([this.#held, out])
    }
    this.#quietTimer?.cancel()
    if (this.#parts.form !== 'opaque') this.#quietTimer = this.#parts.timers.after(quietAfterEndMs, this.#quiet)
  }

  readonly #quiet = (): void => {
    this.#finish(null)
    this.#parts.upstream.abort()
  }

  #write(bytes: Buffer): void {
    const out = this.#events === null ? bytes : this.#events.push(bytes)
    this.#parts.passed?.push(out)
    if (out.length > 0 && !this.#parts.exchange.write(out)) this.#parts.answer.pause()
  }

  #finish(fault: UpstreamFault | null): void {
    if (this.#over) return
    this.#over = true
    // All of it may have come before anybody was told of the caller.
    this.#left ||= this.#parts.exchange.gone
    this.#quietTimer?.cancel()
    const { meter, form } = this.#parts
    const tail = meter.end()
    const reading = meter.reading()
    const kept = [this.#events?.take() ?? noBytes, this.#held, this.#cut === null ? tail : noBytes]
    this.#resolve({
      reading,
      form,
      held: this.#left ? noBytes : joined(kept),
      // What becomes of the connection after the last event, or in place of its last line end, takes nothing away from it.
      fault: form !== 'opaque' && meter.ending && reading.complete ? null : fault,
      cut: this.#cut,
      passed: this.#parts.passed,
      clientLeft: this.#left,
      started: true,
      firstByteAtMs: this.#firstByteAtMs,
      upstreamEndedAtMs: this.#parts.monotonicMs(),
    })
  }
}

function joined(pieces: readonly Buffer[]): Buffer {
  const filled = pieces.filter((piece) => piece.length > 0)
  return filled.length === 1 ? (filled[0] ?? noBytes) : Buffer.concat(filled)
}

/**
 * Decodes before it hands over, in order, so that the end of an answer is known before it is passed on. Nothing can be
 * replaced in an encoded body: where the secret comes to stand in it, it is broken off before.
 */
class DecodedFlow implements AnswerSink {
  readonly #flow: Flow
  readonly #decoder: BodyDecoder
  readonly #holdsSecret: (piece: Buffer) => boolean
  readonly #upstream: Work
  #done: Promise<void> = Promise.resolve()

  constructor(flow: Flow, decoder: BodyDecoder, holdsSecret: (piece: Buffer) => boolean, upstream: Work) {
    this.#flow = flow
    this.#decoder = decoder
    this.#holdsSecret = holdsSecret
    this.#upstream = upstream
  }

  bytes(chunk: Buffer): void {
    this.#then(async () => {
      const decoded = await this.#decoder.push(chunk)
      if (decoded.some(this.#holdsSecret)) this.#breakOff()
      else this.#flow.encodedBytes(chunk, decoded)
    })
  }

  #breakOff(): void {
    this.#flow.fail(
      new UpstreamFault('bad_answer', "the provider repeated the gateway's own key in a compressed stream"),
    )
    this.#upstream.abort()
  }

  end(): void {
    this.#then(() => this.#close(() => this.#flow.end()))
  }

  fail(fault: UpstreamFault): void {
    this.#then(() => this.#close(() => this.#flow.fail(fault)))
  }

  #close(last: () => void): void {
    this.#decoder.close()
    last()
  }

  #then(step: () => Promise<void> | void): void {
    this.#done = this.#done.then(step)
  }
}

/** For bodies that carry no usage: nothing is read, and the last chunk always waits for the ledger. */
export function createBlindMeter(reading: Delivery['reading']): StreamMeter {
  return { push: (chunk) => chunk, end: () => noBytes, ending: true, outputBytes: 0, reading: () => reading }
}
