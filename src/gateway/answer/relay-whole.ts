import { type Decoded, DecodedTooLarge, decodeWhole } from '#lib/body-decoder.ts'
import { type ContentEncoding, encodeWhole } from '#lib/content-encoding.ts'
import { JoinedBytes } from '#lib/joined-bytes.ts'
import { noBytes } from '#lib/no-bytes.ts'
import { type AnswerSink, UpstreamFault } from '#ports.ts'
import { readAnswer } from '#providers/answers/read-answer.ts'
import { withOwnResultsAddress } from '#providers/answers/results-address.ts'
import type { Reading } from '#providers/meter.ts'
import type { Answered } from '../forward.ts'
import type { OpenCall } from '../open-call.ts'
import type { Road } from '../road.ts'
import { type Delivery, noReading } from './delivery.ts'
import { mostDecoded, tooLargeDecoded } from './most-decoded.ts'

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

/** So much of an answer is held without asking for room. */
const mostUnaskedBytes = 64 * 1024

/** What became of an answer: what its usage is read from, and what its caller is to get. */
interface Outcome extends Pick<Delivery, 'reading' | 'held' | 'fault'> {}

/** Nobody gets anything of it. */
const nothingOf = (fault: UpstreamFault): Outcome => ({ reading: noReading, held: noBytes, fault })

class Whole implements AnswerSink {
  readonly #road: Road
  readonly #open: OpenCall
  readonly #whole: WholeAnswer
  #delivery: Delivery | null = null
  /** Null until what came with the head has been handed over. */
  #resolve: ((delivery: Delivery) => void) | null = null
  #reject: (error: unknown) => void = () => {}
  #came = new JoinedBytes()
  #over = false
  #firstByteAtMs: number | null = null
  #readOnBytes = 0
  /** So much of it there is room for, or it is waited for. */
  #roomBytes = mostUnaskedBytes
  #waitsForRoom = false

  constructor(road: Road, open: OpenCall, whole: WholeAnswer) {
    this.#road = road
    this.#open = open
    this.#whole = whole
  }

  delivery(): Promise<Delivery> | Delivery {
    if (this.#delivery !== null) return this.#delivery
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  bytes(chunk: Buffer): void {
    if (this.#over) return
    this.#firstByteAtMs ??= this.#nowMs()
    this.#came.add(chunk)
    const { length } = this.#came
    if (length > this.#road.answerBodyBytes) return this.#giveUp(tooLarge(this.#road.answerBodyBytes))
    if (length > this.#roomBytes && !this.#waitsForRoom) this.#takeRoom(length)
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

  /** For as much again: how long an answer becomes is mostly not said. Where there is none the provider waits. */
  #takeRoom(bytes: number): void {
    const { arrival, caller } = this.#open
    const { answer } = this.#whole
    const is = this.#road.heldAnswers.grow(arrival, caller.key.id, bytes)
    this.#roomBytes += bytes
    if (typeof is === 'boolean') return
    this.#waitsForRoom = true
    answer.pause()
    void is.then((granted) => {
      this.#waitsForRoom = false
      if (this.#over) return
      if (granted) answer.resume()
      else this.#giveUp(noRoom)
    })
  }

  /** What came of it is of no use to anybody: it is let go before the rest is. */
  #giveUp(reason: string): void {
    this.#came = new JoinedBytes()
    this.#finish(new UpstreamFault('bad_answer', reason))
    this.#whole.upstream.abort()
  }

  #finish(fault: UpstreamFault | null): void {
    if (this.#over) return
    this.#over = true
    this.#road.heldAnswers.whole(this.#open.arrival)
    const endedAtMs = this.#nowMs()
    const { encoding } = this.#whole
    try {
      if (fault !== null) this.#deliver(nothingOf(fault), endedAtMs)
      else if (encoding === null) this.#deliver(this.#plain(this.#came.take()), endedAtMs)
      else
        this.#decoded(this.#came.take(), encoding).then(
          (outcome) => this.#deliver(outcome, endedAtMs),
          (error: unknown) => this.#reject(error),
        )
    } catch (error) {
      // Whoever hands over has nobody to tell, unless it was with the head.
      if (this.#resolve === null) throw error
      this.#reject(error)
    }
  }

  #deliver({ reading, held, fault }: Outcome, upstreamEndedAtMs: number): void {
    const clientLeft = this.#open.arrival.exchange.gone
    this.#delivery = {
      reading,
      form: 'opaque',
      held: clientLeft ? noBytes : held,
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

  #plain(body: Buffer): Outcome {
    const held = this.#shown(body)
    return { reading: this.#read(held), held, fault: null }
  }

  /** Byte for byte what came, unless what stands in it is not to be shown. */
  async #decoded(body: Buffer, encoding: readonly ContentEncoding[]): Promise<Outcome> {
    let decoded: Decoded | null
    try {
      const { answerBodyBytes } = this.#road
      decoded = await decodeWhole(encoding, body, (cameBytes) => Math.min(answerBodyBytes, mostDecoded(cameBytes)))
    } catch (error) {
      if (error instanceof DecodedTooLarge) return nothingOf(tooLargeDecoded(error))
      throw error
    }
    if (decoded === null) return this.#plain(body)
    const shown = this.#shown(decoded.bytes)
    const reading = this.#read(shown)
    if (shown === decoded.bytes) return { reading, held: body, fault: null }
    // Encoded anew, the part would be taken for the whole.
    if (!decoded.whole) return { ...nothingOf(cutShort()), reading }
    return { reading, held: await encodeWhole(encoding, shown), fault: null }
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

function tooLarge(allowedBytes: number): string {
  return `the answer is larger than the ${allowedBytes} bytes allowed here (limits.answer_body_bytes)`
}

const noRoom =
  'so many large answers wait here for callers to take them that there was no room for this one (limits.held_answers_bytes)'

function cutShort(): UpstreamFault {
  return new UpstreamFault(
    'bad_answer',
    'the answer is cut short or damaged within its content-encoding, and holds what is not to be shown',
  )
}
