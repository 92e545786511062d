import { type ContentEncoding, contentEncodingsOf } from '#lib/content-encoding.ts'
import { noBytes } from '#lib/no-bytes.ts'
import { type UpstreamAnswer, UpstreamFault } from '#ports.ts'
import type { Accent } from '#providers/answers/accents.ts'
import { createBodyMeter } from '#providers/answers/body-meter.ts'
import { generatesText } from '#providers/answers/formats.ts'
import { createStreamMeter } from '#providers/answers/stream-meter.ts'
import { createStreamEnd, PassedEvents } from '#providers/cut-stream.ts'
import type { EndpointMatch } from '#providers/endpoints.ts'
import type { ProviderError, Reading, StreamMeter } from '#providers/meter.ts'
import { CallFault } from '../call-fault.ts'
import type { Went } from '../forward.ts'
import type { OpenCall } from '../open-call.ts'
import type { Road } from '../road.ts'
import { type AnswerForm, formByAsking, formByStart, formByType } from './answer-form.ts'
import { readStart } from './answer-start.ts'
import { DecodedAnswer } from './decoded-answer.ts'
import { type Delivery, noReading } from './delivery.ts'
import { type BatchRead, readBatch } from './read-batch.ts'
import { createBlindMeter, relayFlow } from './relay-flow.ts'
import { relayWhole, type WholeAnswer } from './relay-whole.ts'
import { startAnswer } from './respond.ts'

/**
 * Passes the answer on, but for its last bytes, in the way that its kind allows: JSON whole, streams event by event,
 * the rest unread.
 */
export function relay(road: Road, open: OpenCall, went: Went): Promise<Delivery> | Delivery {
  const { arrival } = open
  const { gone } = arrival.exchange
  if (went.kind === 'failed') return withoutAnswer(noReading, went.fault, gone, road.clock.monotonicMs())
  const { answer, upstream, answeredAtMs } = went
  const contentType = contentTypeOf(answer)
  const instead = arrival.match.metered ? notAnAnswer(answer.status, contentType) : null
  if (instead !== null) {
    upstream.abort()
    const fault = new UpstreamFault('bad_answer', instead.message)
    return withoutAnswer({ ...noReading, error: instead }, fault, gone, road.clock.monotonicMs())
  }
  const encodings = contentEncodingsOf(answer.headers['content-encoding'])
  const encoding = encodings === 'unknown' ? null : encodings
  const came = { answer, upstream, answeredAtMs, contentType, encoding }
  const batch = readBatch(road, open, answer)
  if (batch !== null) return relayStream(road, open, { ...came, form: 'opaque', batch })
  const named = formByType(open, answer.status, contentType)
  // A stream under an encoding that nobody knows: only its beginning can tell whether it is one all the same.
  const form = encodings === 'unknown' && named !== 'whole' && named !== 'opaque' ? null : named
  if (form !== null) return relayAs(road, open, came, form)
  return encoding === null ? relayByStart(road, open, came) : relayAs(road, open, came, formByAsking(open))
}

function relayAs(road: Road, open: OpenCall, came: WholeAnswer, form: AnswerForm): Promise<Delivery> | Delivery {
  return form === 'whole' ? relayWhole(road, open, came) : relayStream(road, open, { ...came, form, batch: null })
}

async function relayByStart(road: Road, open: OpenCall, came: WholeAnswer): Promise<Delivery> {
  const { start, answer } = await readStart(came.answer)
  // What came so far came just now, and not with the head.
  const answeredAtMs = road.clock.monotonicMs()
  return await relayAs(road, open, { ...came, answer, answeredAtMs }, formByStart(open, came.contentType, start))
}

interface Streamed extends WholeAnswer {
  readonly form: Delivery['form']
  readonly batch: BatchRead | null
}

/** Nothing can be left out of an encoded body: one that has a chunk too many goes on as what it decodes to. */
function inPlain(streamed: Streamed, dropUsageChunk: boolean): Streamed {
  const { answer, encoding, form, upstream } = streamed
  if (!dropUsageChunk || encoding === null || form === 'opaque') return streamed
  return { ...streamed, answer: new DecodedAnswer(answer, encoding, upstream), encoding: null }
}

async function relayStream(road: Road, open: OpenCall, came: Streamed): Promise<Delivery> {
  const { arrival, ask, control, route } = open
  const { exchange, match } = arrival
  const dropUsageChunk = route.askedForUsage && ask.facts.stream
  const streamed = inPlain(came, dropUsageChunk)
  const { answer, form, encoding, batch } = streamed
  const { timers, readOn: limits } = road
  const { monotonicMs } = road.clock
  startAnswer(exchange, answer, open.echo, monotonicMs() - arrival.arrivedAtMs)
  const meter =
    form === 'opaque'
      ? (batch?.meter ?? unreadMeter(match, route.upstream.accent))
      : createStreamMeter({ api: match.endpoint, accent: route.upstream.accent, dropUsageChunk })
  const read = form === 'opaque' && batch === null ? null : encoding
  const { allowance } = open.reserved
  // Nothing can be put behind a part of an encoded body, nor behind what is no event.
  const endable = allowance !== null && encoding === null && form !== 'opaque' && form !== 'json_array'
  const usageAsked = ask.facts.includeUsage === 'asked'
  const passed = endable ? new PassedEvents(createStreamEnd(match.endpoint, match.dialect, { usageAsked })) : null
  const parts = {
    ...streamed,
    allowance,
    passed,
    secret: route.upstream.secret,
    encoding: read,
    exchange,
    control,
    timers,
    monotonicMs,
    limits,
    meter,
    onFault: (error: unknown) => road.onFault(new CallFault(arrival, error)),
  }
  try {
    return checkedEnd(await relayFlow(parts), match, encoding)
  } finally {
    batch?.end()
  }
}

/** What generated text is estimated as far as it is text, whatever it is sent as. */
function unreadMeter({ endpoint: api, metered }: EndpointMatch, accent: Accent): StreamMeter {
  return metered && generatesText(api) ? createBodyMeter({ api, accent }) : createBlindMeter(noReading)
}

/**
 * A stream that ends in order but without the event that ends it was broken off by somebody on the way: its caller
 * must not take the part for the whole.
 */
function checkedEnd(delivery: Delivery, match: EndpointMatch, encoding: readonly ContentEncoding[] | null): Delivery {
  const { fault, form, reading } = delivery
  // Nothing can be added to an encoded body: that it is cut short must show in the connection.
  const seen: Delivery = encoding === null ? delivery : { ...delivery, form: 'opaque' }
  if (
    !match.metered ||
    fault !== null ||
    delivery.cut !== null ||
    form === 'opaque' ||
    reading.complete ||
    reading.error !== null
  )
    return seen
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

function withoutAnswer(
  reading: Reading,
  fault: UpstreamFault,
  clientLeft: boolean,
  upstreamEndedAtMs: number,
): Delivery {
  return {
    reading,
    form: 'opaque',
    held: noBytes,
    fault,
    clientLeft,
    cut: null,
    passed: null,
    started: false,
    firstByteAtMs: null,
    upstreamEndedAtMs,
  }
}

function contentTypeOf(answer: UpstreamAnswer): string {
  const value = answer.headers['content-type']
  return typeof value === 'string' ? value.toLowerCase() : ''
}
