import { BodyDecoder } from '#lib/body-decoder.ts'
import type { ContentEncoding } from '#lib/content-encoding.ts'
import { noBytes } from '#lib/no-bytes.ts'
import { WholeEvents } from '#lib/whole-events.ts'
import { type ClientExchange, type Timer, type Timers, type UpstreamAnswer, UpstreamFault } from '#ports.ts'
import type { PassedEvents } from '#providers/cut-stream.ts'
import type { StreamMeter } from '#providers/meter.ts'
import type { Cut, StreamAllowance } from '../budgets/allowance.ts'
import type { CallControl, Work } from '../call-control.ts'
import type { ReadOnLimits } from '../road.ts'
import { Brake } from './brake.ts'
import { DecodedFlow, type EncodedSink } from './decoded-flow.ts'
import type { Delivery } from './delivery.ts'
import type { UpstreamSecret } from './hide-secret.ts'
import { mostDecoded } from './most-decoded.ts'

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
  /** A fault of ours, though the call goes on to its record. */
  readonly onFault: (error: unknown) => void
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
  return new Promise((resolve, reject) => {
    const { answer, encoding, exchange, secret, upstream } = parts
    const brake = new Brake(answer)
    const flow = new Flow(parts, brake, { resolve, reject })
    parts.control.whileRunning(upstream)
    exchange.onDrain(() => brake.off('client'))
    answer.deliver(
      encoding === null
        ? secret.hiddenOnTheWayTo(flow)
        : new DecodedFlow(flow, {
            decoder: new BodyDecoder(encoding, mostDecoded),
            holdsSecret: secret.watch(),
            upstream,
            brake,
          }),
    )
    exchange.onGone(() => flow.clientLeft())
    flow.delivered()
  })
}

interface Outcome {
  readonly resolve: (delivery: Delivery) => void
  readonly reject: (error: unknown) => void
}

/** Never throws: whoever hands over to it, a connection or a timer, has nobody to tell. */
class Flow implements EncodedSink {
  readonly #parts: FlowParts
  readonly #brake: Brake
  readonly #outcome: Outcome
  #held: Buffer = noBytes
  #firstByteAtMs: number | null = null
  #left = false
  #readOnBytes = 0
  #quietTimer: Timer | null = null
  #over = false
  #cut: Cut | null = null
  #counting = false
  readonly #events: WholeEvents | null

  constructor(parts: FlowParts, brake: Brake, outcome: Outcome) {
    this.#parts = parts
    this.#brake = brake
    this.#outcome = outcome
    this.#events = parts.passed === null ? null : new WholeEvents()
  }

  get over(): boolean {
    return this.#over
  }

  bytes(chunk: Buffer): void {
    if (this.#over) return
    try {
      this.#passOn(this.#parts.encoding === null ? this.#parts.meter.push(chunk) : chunk, chunk.length)
    } catch (error) {
      this.broke(error)
    }
  }

  read(piece: Buffer): void {
    if (!this.#over) this.#parts.meter.push(piece)
  }

  broke(error: unknown): void {
    if (this.#over) return
    this.#parts.onFault(error)
    this.#finish(new UpstreamFault('bad_answer', 'the answer could not be handled', error))
    this.#parts.upstream.abort()
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
    const { allowance, meter } = this.#parts
    if (allowance === null || this.#counting) return
    const { outputBytes } = meter
    const { outputText, outputCharsCut } = meter.reading()
    if (outputCharsCut !== undefined || !allowance.isWorthCounting(outputBytes)) return this.#cutOff()
    this.#counting = true
    this.#brake.on('counting')
    const decide = (): void => {
      this.#counting = false
      if (this.#over) return
      if (this.#covered()) this.#brake.off('counting')
      else this.#countOrCutOff()
    }
    const cutOff = (): void => {
      if (!this.#over) this.#cutOff()
    }
    allowance
      .count(outputText, outputBytes)
      .then(decide, cutOff)
      .catch((error: unknown) => this.broke(error))
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
    this.#brake.off('client')
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
    if (out.length > 0 && !this.#parts.exchange.write(out)) this.#brake.on('client')
  }

  #finish(fault: UpstreamFault | null): void {
    if (this.#over) return
    this.#over = true
    // All of it may have come before anybody was told of the caller.
    this.#left ||= this.#parts.exchange.gone
    this.#quietTimer?.cancel()
    try {
      this.#outcome.resolve(this.#delivery(fault))
    } catch (error) {
      this.#outcome.reject(error)
    }
  }

  #delivery(fault: UpstreamFault | null): Delivery {
    const { meter, form } = this.#parts
    const tail = meter.end()
    const reading = meter.reading()
    const kept = [this.#events?.take() ?? noBytes, this.#held, this.#cut === null ? tail : noBytes]
    return {
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
    }
  }
}

function joined(pieces: readonly Buffer[]): Buffer {
  const filled = pieces.filter((piece) => piece.length > 0)
  return filled.length === 1 ? (filled[0] ?? noBytes) : Buffer.concat(filled)
}

/** For bodies that carry no usage: nothing is read, and the last chunk always waits for the ledger. */
export function createBlindMeter(reading: Delivery['reading']): StreamMeter {
  return { push: (chunk) => chunk, end: () => noBytes, ending: true, outputBytes: 0, reading: () => reading }
}
