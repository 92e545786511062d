import { BodyDecoder, DecodedTooLarge } from '#lib/body-decoder.ts'
import type { ContentEncoding } from '#lib/content-encoding.ts'
import { type AnswerSink, type UpstreamAnswer, UpstreamFault } from '#ports.ts'
import type { Work } from '../call-control.ts'
import { Brake } from './brake.ts'
import { mostDecoded, tooLargeDecoded } from './most-decoded.ts'

/** So many bytes wait to be decoded before no more are asked for. */
const mostWaitingBytes = 65_536

/** The same answer in plain, for where something of it is to be left out. No faster than it is taken. */
export class DecodedAnswer implements UpstreamAnswer {
  readonly status: number
  readonly headers: UpstreamAnswer['headers']
  readonly #answer: UpstreamAnswer
  readonly #upstream: Work
  readonly #decoder: BodyDecoder
  readonly #brake: Brake
  #done: Promise<void> = Promise.resolve()
  #waitingBytes = 0
  #paused = false
  /** No more comes: whoever does not take the rest now is not waited for any more. */
  #failed = false
  /** All of it has been handed over, or what could be. */
  #over = false
  #resumed: () => void = () => {}

  constructor(answer: UpstreamAnswer, encodings: readonly ContentEncoding[], upstream: Work) {
    const { 'content-encoding': _, ...headers } = answer.headers
    this.status = answer.status
    this.headers = headers
    this.#answer = answer
    this.#upstream = upstream
    this.#decoder = new BodyDecoder(encodings, mostDecoded)
    this.#brake = new Brake(answer)
  }

  deliver(sink: AnswerSink): void {
    this.#answer.deliver({
      bytes: (chunk) => this.#take(chunk, sink),
      end: () =>
        this.#then(sink, async () => {
          for await (const piece of this.#decoder.end()) await this.#hand(piece, sink)
          const { whole } = this.#decoder
          this.#close(whole ? () => sink.end() : () => sink.fail(damaged()))
        }),
      fail: (fault) => {
        this.#failed = true
        this.#resumed()
        this.#then(sink, () => this.#close(() => sink.fail(fault)))
      },
    })
  }

  pause(): void {
    this.#paused = true
    this.#brake.on('client')
  }

  resume(): void {
    this.#paused = false
    this.#brake.off('client')
    this.#resumed()
  }

  #take(chunk: Buffer, sink: AnswerSink): void {
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes > mostWaitingBytes) this.#brake.on('decoding')
    this.#then(sink, async () => {
      for await (const piece of this.#decoder.push(chunk)) await this.#hand(piece, sink)
      this.#waitingBytes -= chunk.length
      if (this.#waitingBytes <= mostWaitingBytes) this.#brake.off('decoding')
    })
  }

  /** A little that came can become much. */
  async #hand(piece: Buffer, sink: AnswerSink): Promise<void> {
    sink.bytes(piece)
    while (this.#paused && !this.#failed) await new Promise<void>((resolve) => (this.#resumed = resolve))
  }

  #close(last: () => void): void {
    this.#over = true
    this.#decoder.close()
    last()
  }

  /** Nobody awaits the chain: what goes wrong in it is told to the sink, and ends there. */
  #then(sink: AnswerSink, step: () => Promise<void> | void): void {
    this.#done = this.#done
      .then(() => (this.#over ? undefined : step()))
      .catch((error: unknown) => {
        this.#close(() => sink.fail(error instanceof DecodedTooLarge ? tooLargeDecoded(error) : damaged(error)))
        this.#upstream.abort()
      })
  }
}

function damaged(cause?: unknown): UpstreamFault {
  return new UpstreamFault('bad_answer', 'the answer is cut short or damaged within its content-encoding', cause)
}
