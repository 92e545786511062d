import { bounded, longestModel } from '#core/ledger/entry-bounds.ts'
import { noBytes } from '#lib/no-bytes.ts'
import type { BodyFault } from '#ports.ts'
import { emptyFacts, type RequestFacts } from '#providers/requests/facts.ts'
import { noReach, type RequestReach } from '#providers/requests/reach.ts'
import { type RequestReading, type RequestToRead, readRequest } from '#providers/requests/read-request.ts'
import { leastCountedBytes } from '#providers/requests/structure.ts'
import { type Refusal, refused, refusedBody, stopping } from '../refusal.ts'
import type { Road } from '../road.ts'
import type { Caller } from './admit.ts'
import type { Arrival } from './arrival.ts'

/** What the caller wants, read but not changed. */
export interface Ask {
  readonly kind: 'ask'
  /** Null where the body is not read here but passed on as it arrives. */
  readonly body: Buffer | null
  readonly facts: RequestFacts
  /** What a hold has to cover beside the facts. */
  readonly reach: RequestReach
}

/** The body, as far as this kind of call is read here. */
export function takeBody(
  road: Road,
  arrival: Arrival,
  { key }: Pick<Caller, 'key'>,
): Promise<Buffer | BodyFault> | Buffer | BodyFault | null {
  const { exchange, match } = arrival
  if (match.body === 'opaque') return null
  if (match.body === 'none') return noBytes
  return exchange.readBody(road.requestBodyBytes, road.heldBodies.roomFor(arrival, key.id))
}

/** Who sent a request, and what for. */
interface Asker {
  readonly exchange: Pick<Arrival['exchange'], 'headers' | 'gone'>
  readonly match: Arrival['match']
}

/** What reads a request. */
interface Reader extends Pick<Road, 'largeRequests'> {
  readonly running: Pick<Road['running'], 'closed'>
}

/** What it says; a large body is read away from the road, where no other call waits for it. */
export function readAsk(
  road: Reader,
  { exchange, match }: Asker,
  { key }: { readonly key: Pick<Caller['key'], 'id'> },
  body: Buffer | BodyFault | null,
): Promise<Ask | Refusal> | Ask | Refusal {
  if (body === null) return askOf(body, emptyFacts(match), noReach)
  if (match.body === 'none') return askOf(noBytes, emptyFacts(match), noReach)
  if (!Buffer.isBuffer(body)) return body.code === 'requests_full' && road.running.closed ? stopping : refusedBody(body)
  const { 'content-type': contentType, 'content-encoding': contentEncoding } = exchange.headers
  const request = { match, contentType: text(contentType), contentEncoding: text(contentEncoding), body }
  // A form is not parsed but looked through, which takes no time to speak of.
  const large = body.length >= leastCountedBytes && match.body !== 'multipart'
  return large ? readApart(road, exchange, request, key.id) : asked(body, readRequest(request))
}

/** It waits for its turn. Whoever leaves meanwhile is not to pay for an answer that nobody would get. */
async function readApart(
  { largeRequests }: Pick<Road, 'largeRequests'>,
  exchange: Asker['exchange'],
  request: RequestToRead,
  keyId: string,
): Promise<Ask | Refusal> {
  const { body, reading } = await largeRequests.read(request, keyId)
  if (exchange.gone) return refused('client_left', 'The caller left while its request was read.')
  return asked(body, reading)
}

function asked(body: Buffer, reading: RequestReading): Ask | Refusal {
  if (reading.kind === 'refused') return refused(reading.code, reading.message, reading.param)
  return askOf(body, reading.facts, reading.reach)
}

/** A name that nobody's model has goes no further: it would be in every entry, label and message about the call. */
function askOf(body: Buffer | null, facts: RequestFacts, reach: RequestReach): Ask | Refusal {
  const { model } = facts
  if (model === null || model.length <= longestModel) return { kind: 'ask', body, facts, reach }
  return refused('model_not_found', longModelMessage(model), 'model')
}

function longModelMessage(model: string): string {
  const begins = JSON.stringify(bounded(model, 40))
  return `The name of a model has at most ${longestModel} characters; this one has ${model.length}, and begins with ${begins}.`
}

function text(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}
