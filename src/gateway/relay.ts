import { type ContentEncoding, contentEncodingOf, decodeWhole } from '#lib/content-encoding.ts'
import { type UpstreamAnswer, UpstreamFault } from '#ports.ts'
import { readAnswer } from '#providers/answers/read-answer.ts'
import { createStreamMeter } from '#providers/answers/stream-meter.ts'
import type { EndpointMatch } from '#providers/endpoints.ts'
import type { ProviderError } from '#providers/meter.ts'
import { type Delivery, noBytes, noReading } from './delivery.ts'
import { bytesWithoutSecret } from './hide-secret.ts'
import type { OpenCall } from './open-call.ts'
import { createBlindMeter, relayFlow } from './relay-flow.ts'
import { relayWhole } from './relay-whole.ts'
import { startAnswer } from './respond.ts'
import type { Road } from './road.ts'

/** Passes the answer on in the way that its kind allows: JSON whole, streams event by event, the rest unread. */
export function relay(
  road: Road,
  open: OpenCall,
  answer: UpstreamAnswer,
  abortUpstream: () => void,
): Promise<Delivery> {
  const { arrival, route } = open
  const { endpoint: api, metered } = arrival.match
  const { monotonicMs } = road.clock
  const contentType = contentTypeOf(answer)
  const instead = metered ? notAnAnswer(answer.status, contentType) : null
  if (instead !== null) {
    abortUpstream()
    return Promise.resolve(withoutAnswer(instead, arrival.exchange.gone, monotonicMs()))
  }
  const form = formOf(arrival.match, answer, contentType)
  const encoding = contentEncodingOf(answer.headers['content-encoding'])
  if (form !== 'whole') return relayStream(road, open, { answer, abortUpstream, form, encoding })
  const { accent, config } = route.upstream
  return relayWhole({
    exchange: arrival.exchange,
    answer,
    abortUpstream,
    read: (body) => readAnswer({ api, accent, contentType, body: readable(body, encoding), status: answer.status }),
    clean: answer.status < 400 ? null : (body) => bytesWithoutSecret(body, config.apiKey),
    control: open.control,
    monotonicMs,
    limits: road.readOn,
  })
}

interface Streamed {
  readonly answer: UpstreamAnswer
  readonly abortUpstream: () => void
  readonly form: Delivery['form']
  readonly encoding: ContentEncoding | null
}

async function relayStream(road: Road, open: OpenCall, streamed: Streamed): Promise<Delivery> {
  const { arrival, ask, control, route } = open
  const { exchange, match } = arrival
  const { answer, form, encoding } = streamed
  const { timers, readOn: limits } = road
  const { monotonicMs } = road.clock
  startAnswer(exchange, answer, open.echo, monotonicMs() - arrival.arrivedAtMs)
  const dropUsageChunk = route.askedForUsage && ask.facts.stream && encoding === null
  const meter =
    form === 'opaque'
      ? createBlindMeter(noReading)
      : createStreamMeter({ api: match.endpoint, accent: route.upstream.accent, dropUsageChunk })
  const read = form === 'opaque' ? null : encoding
  const parts = { ...streamed, encoding: read, exchange, control, timers, monotonicMs, limits, meter }
  return checkedEnd(await relayFlow(parts), match, encoding)
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

/** Why what came is no answer of a model, though its status does not say that the call failed; null where it is one. */
function notAnAnswer(status: number, contentType: string): ProviderError | null {
  // Passed on, it would have the client send its prompt and our key to wherever it points.
  if (status >= 300 && status < 400) return { code: 'redirect', message: 'the provider redirected the call elsewhere' }
  // What a proxy or a sign-in page between here and the provider says.
  if (status >= 400 || !contentType.startsWith('text/html')) return null
  return { code: 'web_page', message: 'the provider answered with a web page instead of an answer' }
}

function withoutAnswer(error: ProviderError, clientLeft: boolean, upstreamEndedAtMs: number): Delivery {
  return {
    reading: { ...noReading, error },
    form: 'opaque',
    held: noBytes,
    fault: new UpstreamFault('bad_answer', error.message),
    clientLeft,
    started: false,
    firstByteAtMs: null,
    upstreamEndedAtMs,
  }
}

function formOf(match: EndpointMatch, answer: UpstreamAnswer, contentType: string): 'whole' | Delivery['form'] {
  // Refusals are short, and read whatever they call themselves: some vendors send theirs as octets or HTML.
  if (answer.status >= 400) return 'whole'
  if (contentType.startsWith('text/event-stream')) return match.endpoint === 'responses' ? 'responses' : 'sse'
  if (!/^application\/(?:[\w.-]+\+)?json/.test(contentType)) return 'opaque'
  // Gemini streams without `alt=sse` are a JSON array that grows.
  return match.streamInPath ? 'json_array' : 'whole'
}

function contentTypeOf(answer: UpstreamAnswer): string {
  const value = answer.headers['content-type']
  return typeof value === 'string' ? value.toLowerCase() : ''
}
