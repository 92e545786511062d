import type { UpstreamAnswer } from '#ports.ts'
import { readAnswer } from '#providers/answers/read-answer.ts'
import { createStreamMeter } from '#providers/answers/stream-meter.ts'
import type { EndpointMatch } from '#providers/endpoints.ts'
import type { Arrival } from './arrival.ts'
import type { Ask } from './ask.ts'
import type { CallControl } from './call-control.ts'
import { type Delivery, noReading } from './delivery.ts'
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
  if (form === 'whole') {
    const contentType = contentTypeOf(answer)
    const read = (body: Buffer) => readAnswer({ ...source, contentType, body, status: answer.status })
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
      : createStreamMeter({ ...source, dropUsageChunk: route.askedForUsage && ask.facts.stream })
  return relayFlow({ ...parts, form, meter })
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
