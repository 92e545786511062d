import type { Counts } from './counts.ts'
import type { Model } from './models.ts'
import type { Tier } from './price-list.ts'

/** One event of a stream as it goes over the wire, its separators included. */
export interface WireEvent {
  readonly text: string
  /** Output tokens generated once this event is out, all earlier ones included. */
  readonly outputTokens: number
}

/** What a call is put on the bill with. */
interface Charge {
  /** The name the price list knows, and the one the answer carries. */
  readonly model: string
  readonly modelServed: string
  readonly counts: Counts
  /** Absent: the usual one. */
  readonly tier?: Tier
}

/** What a dialect answers: pure data, sent by `delivery.ts`. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The whole body, or the events of a stream one by one. */
  readonly body: string | Buffer | readonly WireEvent[]
  /** The id inside the answer; the request's own id where the answer has none. */
  readonly id: string
  /** Null where nothing is billed: lists, retrievals, errors. */
  readonly charge: Charge | null
  /** True where the same request always gets this answer but for its id. */
  readonly repeatable: boolean
  /** True where the body is known to hold nothing but ASCII: it then needs no encoding. */
  readonly ascii?: boolean
  /** True where it goes out as somebody else sent it, without headers of ours. */
  readonly replayed?: true
}

export function isStream(body: Answer['body']): body is readonly WireEvent[] {
  return Array.isArray(body)
}

export const jsonHeaders: Readonly<Record<string, string>> = { 'content-type': 'application/json' }
export const eventHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
}

export function chargeOf(model: Model, counts: Counts): Charge {
  return { model: model.name, modelServed: model.served, counts }
}

/** A whole JSON answer that costs nothing. */
export function plainAnswer(id: string, body: unknown, status = 200): Answer {
  return { status, headers: jsonHeaders, body: JSON.stringify(body), id, charge: null, repeatable: false }
}
