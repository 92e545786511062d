import type { JsonObject } from '#lib/json-object.ts'

/** A stream that the gateway ends, in order, before its model has finished. */
export interface CutStream {
  /** What the answer calls itself, as far as it was read. */
  readonly responseId: string | null
  readonly model: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly createdAtS: number
  /** Why: a stable code and a sentence for people. They stand beside what the protocol has a place for. */
  readonly code: string
  readonly message: string
}

/** Follows what a client gets of a stream, so that it can be ended where it stands. */
export interface StreamEnd {
  /** An event that the client gets. */
  event(json: JsonObject): void
  /**
   * The last events, in the words by which the protocol says that an answer was cut off at a limit, so that SDKs finish
   * as they do at `max_tokens`: whatever has begun is closed. To be put behind a whole event.
   */
  last(cut: CutStream): string
}

export function namedEvent(event: { readonly type: string; readonly [member: string]: unknown }): string {
  return `event: ${event.type}\n${dataEvent(event)}`
}

export function dataEvent(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`
}
