import { type BodyDecoder, DecodedTooLarge } from '#lib/body-decoder.ts'
import { type AnswerSink, UpstreamFault } from '#ports.ts'
import type { Work } from '../call-control.ts'
import type { Brake } from './brake.ts'
import { tooLargeDecoded } from './most-decoded.ts'

/** So many bytes wait to be decoded before no more are asked for. */
const mostWaitingBytes = 65_536

/** Who takes an encoded body, and reads a decoded copy of it. */
export interface EncodedSink extends AnswerSink {
  /** It takes no more. */
  readonly over: boolean
  /** A piece of what a chunk says, before it comes itself. */
  read(piece: Buffer): void
  /** What came could not be handled, for a fault of ours. */
  broke(error: unknown): void
}

interface DecodedFlowParts {
  readonly decoder: BodyDecoder
  /** Whether the secret has stood there by the end of this piece. */
  readonly holdsSecret: (piece: Buffer) => boolean
  readonly upstream: Work
  readonly brake: Brake
}

/**
 * Decodes before it hands over, in order, so that the end of an answer is known before it is passed on. Nothing can be
 * replaced in an encoded body: where the secret comes to stand in it, it is broken off before.
 */
export class DecodedFlow implements AnswerSink {
  readonly #flow: EncodedSink
  readonly #parts: DecodedFlowParts
  #done: Promise<void> = Promise.resolve()
  #waitingBytes = 0

  constructor(flow: EncodedSink, parts: DecodedFlowParts) {
    this.#flow = flow
    this.#parts = parts
  }

  bytes(chunk: Buffer): void {
    const { brake } = this.#parts
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes > mostWaitingBytes) brake.on('decoding')
    this.#then(async () => {
      await this.#decode(chunk)
      this.#waitingBytes -= chunk.length
      if (this.#waitingBytes <= mostWaitingBytes) brake.off('decoding')
    })
  }

  end(): void {
    this.#then(() => this.#close(() => this.#flow.end()))
  }

  fail(fault: UpstreamFault): void {
    this.#then(() => this.#close(() => this.#flow.fail(fault)))
  }

  async #decode(chunk: Buffer): Promise<void> {
    const { decoder, holdsSecret } = this.#parts
    if (this.#flow.over) return
    for await (const piece of decoder.push(chunk)) {
      if (this.#flow.over) return
      if (holdsSecret(piece)) return this.#breakOff(repeatedKey())
      this.#flow.read(piece)
    }
    this.#flow.bytes(chunk)
  }

  #breakOff(fault: UpstreamFault): void {
    this.#close(() => this.#flow.fail(fault))
    this.#parts.upstream.abort()
  }

  #close(last: () => void): void {
    this.#parts.decoder.close()
    last()
  }

  /** Nobody awaits the chain: what went wrong in it is told to the flow, and ends there. */
  #then(step: () => Promise<void> | void): void {
    this.#done = this.#done.then(step).catch((error: unknown) => {
      if (error instanceof DecodedTooLarge) return this.#breakOff(tooLargeDecoded(error))
      this.#close(() => this.#flow.broke(error))
      this.#parts.upstream.abort()
    })
  }
}

function repeatedKey(): UpstreamFault {
  return new UpstreamFault('bad_answer', "the provider repeated the gateway's own key in a compressed stream")
}
