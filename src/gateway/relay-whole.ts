import { type ContentEncoding, decodeWhole, encodeWhole } from '#lib/content-encoding.ts'
import { type AnswerSink, UpstreamFault } from '#ports.ts'
import { readAnswer } from '#providers/answers/read-answer.ts'
import { withOwnResultsAddress } from '#providers/answers/results-address.ts'
import type { Reading } from '#providers/meter.ts'
import { type Delivery, noBytes, noReading } from './delivery.ts'
import type { Answered } from './forward.ts'
import type { OpenCall } from './open-call.ts'
import type { Road } from './road.ts'

export interface WholeAnswer extends Pick<Answered, 'answer' | 'upstream' | 'answeredAtMs'> {
  readonly contentType: string
  readonly encoding: readonly ContentEncoding[] | null
}

/**
 * Takes in a JSON answer whole: its cost goes into a header, so nothing can be sent before all of it is known.
 * Resolves when the upstream has ended or failed, without a promise where it has already: short answers come in one
 * piece with their heads. A caller who left does not stop it before the limits do.
 */
export function relayWhole(road: Road, open: OpenCall, whole: WholeAnswer): Promise<Delivery> | Delivery {
  const sink = new Whole(road, open, whole)
  whole.answer.deliver(sink)
  return sink.delivery()
}

/** A body may be this many times smaller on the wire: enough for any answer, an end to what a bomb can do. */
const mostDecodedBytes = 256 * 1024 * 1024

class Whole implements AnswerSink {
  readonly #road: Road
  readonly #open: OpenCall
  readonly #whole: WholeAnswer
  #delivery: Delivery | null = null
  /** Null until what came with the head has been handed over. */
  #resolve: ((delivery: Delivery) => void) | null = null
  #first: Buffer | null = null
  #rest: Buffer[] | null = null
  #bytes = 0
  #over = false
  #firstByteAtMs: number | null = null
  #readOnBytes = 0

  constructor(road: Road, open: OpenCall, whole: WholeAnswer) {
    this.#road = road
    this.#open = open
    this.#whole = whole
  }

  delivery(): Promise<Delivery> | Delivery {
    if (this.#delivery !== null) return this.#delivery
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  bytes(chunk: Buffer): void {
    if (this.#over) return
    this.#bytes += chunk.length
    if (this.#bytes > this.#road.answerBodyBytes) return this.#giveUp()
    if (this.#first === null) {
      this.#firstByteAtMs = this.#nowMs()
      this.#first = chunk
    } else if (this.#rest === null) this.#rest = [chunk]
    else this.#rest.push(chunk)
    if (!this.#open.arrival.exchange.gone) return
    this.#readOnBytes += chunk.length
    if (this.#readOnBytes > this.#road.readOn.readAfterDisconnectBytes) this.#whole.upstream.abort()
  }

  /** What came with the head came when that did: for most answers, the whole of it. */
  #nowMs(): number {
    return this.#resolve === null ? this.#whole.answeredAtMs : this.#road.clock.monotonicMs()
  }

  end(): void {
    this.#finish(null)
  }

  fail(fault: UpstreamFault): void {
    this.#finish(fault)
  }

  /** What came of it is of no use to anybody: it is let go before the rest is. */
  #giveUp(): void {
    const allowed = this.#road.answerBodyBytes
    this.#first = null
    this.#rest = null
    this.#finish(
      new UpstreamFault(
        'bad_answer',
        `the answer is larger than the ${allowed} bytes allowed here (limits.answer_body_bytes)`,
      ),
    )
    this.#whole.upstream.abort()
  }

  #finish(fault: UpstreamFault | null): void {
    if (this.#over) return
    const clientLeft = this.#open.arrival.exchange.gone
    const upstreamEndedAtMs = this.#nowMs()
    const body = this.#body()
    const { encoding } = this.#whole
    const decoded = encoding === null ? null : decodeWhole(encoding, body, mostDecodedBytes)
    const readable = this.#shown(decoded ?? body)
    const reading = fault === null ? this.#read(readable) : noReading
    this.#over = true
    this.#delivery = {
      reading,
      form: 'opaque',
      held: clientLeft ? noBytes : asItCame(readable, body, decoded, encoding),
      fault,
      clientLeft,
      cut: null,
      passed: null,
      started: false,
      firstByteAtMs: this.#firstByteAtMs,
      upstreamEndedAtMs,
    }
    this.#resolve?.(this.#delivery)
  }

  #body(): Buffer {
    const first = this.#first ?? noBytes
    return this.#rest === null ? first : Buffer.concat([first, ...this.#rest])
  }

  /** What the client may see of it. */
  #shown(body: Buffer): Buffer {
    const { status } = this.#whole.answer
    const { call, route } = this.#open
    const own = status < 400 && call.endpoint === 'messages.batches' ? withOwnResultsAddress(body) : body
    return route.upstream.secret.hiddenIn(own, status)
  }

  #read(body: Buffer): Reading {
    const { answer, contentType } = this.#whole
    const { arrival, route } = this.#open
    const { endpoint: api } = arrival.match
    return readAnswer({ api, accent: route.upstream.accent, contentType, body, status: answer.status })
  }
}

/**
 * The body to pass on: byte for byte what came, unless what stood in it is not to be shown. `decoded` is null where it
 * was readable as it came, or cannot be read.
 */
function asItCame(
  shown: Buffer,
  body: Buffer,
  decoded: Buffer | null,
  encoding: readonly ContentEncoding[] | null,
): Buffer {
  if (decoded === null || encoding === null) return shown
  return shown === decoded ? body : encodeWhole(encoding, shown)
}
