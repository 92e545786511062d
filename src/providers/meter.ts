import type { EndpointName } from '#core/ledger/entry.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'

/** What an answer said, as far as it has been read. */
export interface Reading {
  /** The model that the answer names; null while it names none. */
  readonly model: string | null
  /** Null while nothing was reported. */
  readonly usage: ReportedUsage | null
  /**
   * The usage is the provider's last word: of a whole answer, or as its API reports it at the end of a stream. False
   * while there is none, and for the provisional numbers at the start of a stream (Anthropic's `message_start`).
   */
  readonly usageFinal: boolean
  /** The error in the body or in an event of the stream. */
  readonly error: ProviderError | null
  /** Visible output, for estimates where the provider reports nothing. */
  readonly outputText: string
  /** The answer's own id (`id`, `responseId`), or null. */
  readonly responseId: string | null
  /** The stream ended as its protocol says it should ([DONE], message_stop, response.completed, …). */
  readonly complete: boolean
  /** The answer's own word for its state (`completed`, `queued`, `failed`, …), where the API has one. */
  readonly status?: string
  /** The tier that the answer names, also where it reports no usage. */
  readonly serviceTier?: string
  /** Characters of output beyond those kept in `outputText`. Absent where nothing was cut. */
  readonly outputCharsCut?: number
  /** Of the batches that are told about: one, or those of a list. */
  readonly batches?: readonly BatchState[]
  /** Of the results of a batch: what each of its requests used. */
  readonly results?: BatchResults
  /** Output came of which nothing could be read, so it is not in `outputText`. Absent otherwise. */
  readonly outputUnread?: true
  /** Events that were too large or too broken to read, and were passed on unread. Absent where there were none. */
  readonly unreadEvents?: number
}

/** How far a batch is. */
export interface BatchState {
  readonly id: string
  /** It does not work any more. */
  readonly over: boolean
  /** By which id its results are fetched; null where there are none, or none yet. */
  readonly resultsId: string | null
  /** Which API its requests are for; null where it does not say. */
  readonly endpoint: EndpointName | null
  /** The model of all of them; null where it does not say. */
  readonly model: string | null
}

export interface BatchResults {
  /** Requests that failed were not billed, and are left out. */
  readonly requests: readonly BatchRequest[]
  /** Lines that are too long, or no JSON. */
  readonly unreadLines: number
}

export interface BatchRequest {
  /** Empty where the result names none, as that of a picture. */
  readonly model: string
  /** Which API it was for decides what is a unit of it. */
  readonly endpoint: EndpointName
  readonly usage: ReportedUsage
  /** Not all that it used is reported. Absent otherwise. */
  readonly usageUnread?: true
}

export interface ProviderError {
  /** The most telling of what the provider names: its code, else its status or type, else `http_<status>`. */
  readonly code: string
  readonly message: string
  readonly type?: string
  /** Google's word for the error: `RESOURCE_EXHAUSTED`. */
  readonly status?: string
  /** Where the error names an HTTP status of its own. */
  readonly statusCode?: number
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
  /** UTF-8 bytes of the output so far: at least as many as tokens, for every tokenizer that works on bytes. */
  readonly outputBytes: number
  reading(): Reading
}
