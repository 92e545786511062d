import { type ContentEncoding, contentEncodingOf, decodeWhole } from '#lib/content-encoding.ts'
import { type UpstreamAnswer, UpstreamFault } from '#ports.ts'
import { readAnswer } from '#providers/answers/read-answer.ts'
import { createStreamMeter } from '#providers/answers/stream-meter.ts'
import type { EndpointMatch } from '#providers/endpoints.ts'
import type { Arrival } from './arrival.ts'
import type { Ask } from './ask.ts'
import type { CallControl } from './call-control.ts'
import { type Delivery, noBytes, noReading } from './delivery.ts'
import { bytesWithoutSecret } from './hide-secret.ts'
import { createBlindMeter, relayFlow } from './relay-flow.ts'
import { relayWhole } from './relay-whole.ts'
import { type Echo, startAnswer } from './respond.ts'
import type { Road } from './road.ts'
import type { Route } from './route.ts'

export interface Relayed {
  readonly arrival: Arrival
  readonly ask: Ask
  readonly route: Route
  readonly answer: UpstreamAnswer
  readonly abortUpstream: () => void
  readonly control: CallControl
  readonly echo: Echo
}

/** Passes the answer on in the way that its kind allows: JSON whole, streams event by event, the rest unread. */
export function relay(road: Road, call: Relayed): Promise<Delivery> {
  const { arrival, ask, answer, abortUpstream, control, route } = call
  const { exchange, match } = arrival
  const { timers, readOn: limits } = road
  const monotonicMs = road.clock.monotonicMs
  const form = formOf(match, answer)
  const parts = { exchange, answer, abortUpstream, control, timers, monotonicMs, limits, form }
  const source = { api: match.endpoint, accent: route.upstream.accent }
  const encoding = contentEncodingOf(answer.headers['content-encoding'])
  if (match.metered && answer.status < 400 && contentTypeOf(answer).startsWith('text/html')) {
    abortUpstream()
    return Promise.resolve(notAnAnswer(exchange.gone, monotonicMs()))
  }
  if (form === 'whole') {
    const contentType = contentTypeOf(answer)
    const read = (body: Buffer) =>
      readAnswer({ ...source, contentType, body: readable(body, encoding), status: answer.status })
    const secret = route.upstream.config.apiKey
    return relayWhole({
      ...parts,
      read,
      clean: answer.status < 400 ? null : (body) => bytesWithoutSecret(body, secret),
    })
  }
  startAnswer(exchange, answer, call.echo, monotonicMs() - arrival.arrivedAtMs)
  const meter =
    form === 'opaque'
      ? createBlindMeter(noReading)
      : createStreamMeter({ ...source, dropUsageChunk: route.askedForUsage && ask.facts.stream && encoding === null })
  return relayFlow({ ...parts, form, meter, encoding: form === 'opaque' ? null : encoding }).then((delivery) =>
    checkedEnd(delivery, match, encoding),
  )
}

/** A body may be this many times smaller on the wire: enough for any answer, an end to what a bomb can do. */
const mostDecodedBytes = 256 * 1024 * 1024

function readable(body: Buffer, encoding: ContentEncoding | null): Buffer {
  return encoding === null ? body : (decodeWhole(encoding, body, mostDecodedBytes) ?? body)
}

/**
 * A stream that ends in order but without the event that ends it was broken off by somebody on the way: its caller
 * must not take the part for the whole.
 */
function checkedEnd(delivery: Delivery, match: EndpointMatch, encoding: ContentEncoding | null): Delivery {
  const { fault, form, reading } = delivery
  // Nothing can be added to an encoded body: that it is cut short must show in the connection.
  const seen: Delivery = encoding === null ? delivery : { ...delivery, form: 'opaque' }
  if (!match.metered || fault !== null || form === 'opaque' || reading.complete || reading.error !== null) return seen
  return {
    ...seen,
    fault: new UpstreamFault('bad_answer', 'the provider ended its stream before the answer was complete'),
  }
}

/** What a proxy or a sign-in page between here and the provider says, under a status that promises an answer. */
function notAnAnswer(clientLeft: boolean, upstreamEndedAtMs: number): Delivery {
  const message = 'the provider answered with a web page instead of an answer'
  return {
    reading: { ...noReading, error: { code: 'web_page', message } },
    form: 'opaque',
    held: noBytes,
    fault: new UpstreamFault('bad_answer', message),
    clientLeft,
    started: false,
    firstByteAtMs: null,
    upstreamEndedAtMs,
  }
}

function formOf(match: EndpointMatch, answer: UpstreamAnswer): 'whole' | Delivery['form'] {
  // Refusals are short, and read whatever they call themselves: some vendors send theirs as octets or HTML.
  if (answer.status >= 400) return 'whole'
  const contentType = contentTypeOf(answer)
  if (contentType.startsWith('text/event-stream')) return match.endpoint === 'responses' ? 'responses' : 'sse'
  if (!/^application\/(?:[\w.-]+\+)?json/.test(contentType)) return 'opaque'
  // Gemini streams without `alt=sse` are a JSON array that grows.
  return match.streamInPath ? 'json_array' : 'whole'
}

function contentTypeOf(answer: UpstreamAnswer): string {
  const value = answer.headers['content-type']
  return typeof value === 'string' ? value.toLowerCase() : ''
}
