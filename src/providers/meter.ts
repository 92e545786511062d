import type { ReportedUsage } from '#core/usage/reported.ts'

/** What an answer said, as far as it has been read. */
export interface Reading {
  /** The model that the answer names; null while it names none. */
  readonly model: string | null
  /** Null while nothing was reported. */
  readonly usage: ReportedUsage | null
  /** The error in the body or in an event of the stream. */
  readonly error: ProviderError | null
  /** Visible output, for estimates where the provider reports nothing. */
  readonly outputText: string
  /** The answer's own id (`id`, `responseId`), or null. */
  readonly responseId: string | null
  /** The stream ended as its protocol says it should ([DONE], message_stop, response.completed, …). */
  readonly complete: boolean
}

export interface ProviderError {
  readonly code: string
  readonly message: string
}

/**
 * Watches one streamed answer. Pure: bytes in, bytes out. The result is the same however the bytes are cut.
 */
export interface StreamMeter {
  /**
   * Takes the next bytes of the answer and returns those that the client is to get now: the very same buffer in all
   * cases but one, where a usage chunk that only the gateway asked for is left out. Never throws: what cannot be
   * parsed is passed on.
   */
  push(chunk: Buffer): Buffer
  /** The upstream has ended: returns the bytes still held back (a partial event), possibly none. */
  end(): Buffer
  /**
   * True once an event that ends the answer was seen. From then on the caller holds bytes back until the call is
   * settled, so that no client is told of an end that the ledger does not know.
   */
  readonly ending: boolean
  reading(): Reading
}
