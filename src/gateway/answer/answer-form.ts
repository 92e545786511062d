import type { EndpointName } from '#core/ledger/entry.ts'
import type { BodyStart } from '#lib/body-start.ts'
import type { ClientExchange } from '#ports.ts'
import type { EndpointMatch } from '#providers/endpoints.ts'
import type { RequestFacts } from '#providers/requests/facts.ts'
import { asksForEvents } from '#providers/system-parameters.ts'
import type { Delivery } from './delivery.ts'

/** How an answer is passed on: taken in whole and read, as a stream that is read along, or unread. */
export type AnswerForm = 'whole' | Delivery['form']

/** What was asked for, where it decides the form. */
interface Asked {
  readonly arrival: { readonly exchange: Pick<ClientExchange, 'query'>; readonly match: EndpointMatch }
  readonly ask: { readonly facts: Pick<RequestFacts, 'stream'> }
}

/** The form by the type that the answer says it has; null where that may be wrong, and its beginning has to tell. */
export function formByType(asked: Asked, status: number, contentType: string): AnswerForm | null {
  const { match } = asked.arrival
  // Refusals are short, and read whatever they call themselves: some vendors send theirs as octets or HTML.
  if (status >= 400) return 'whole'
  if (contentType.startsWith('text/event-stream')) return eventsOf(asked)
  if (isJson(contentType)) {
    // Gemini streams without `alt=sse` are a JSON array that grows.
    if (match.streamInPath && !wantsEvents(asked)) return 'json_array'
    return asked.ask.facts.stream && match.metered ? null : 'whole'
  }
  // Relays forget the type, and their servers then guess one.
  return isRead(asked) && !mediaType.test(contentType) ? null : 'opaque'
}

/** The form where only the beginning of the body tells it. */
export function formByStart(asked: Asked, contentType: string, start: BodyStart): AnswerForm {
  switch (start) {
    case 'object':
      // Lines of JSON come one by one, and are no JSON as a whole.
      return asked.ask.facts.stream && linesType.test(contentType) ? 'opaque' : 'whole'
    case 'array':
      return asked.arrival.match.streamInPath ? 'json_array' : 'whole'
    case 'events':
      // A transcript may begin with any words.
      return asked.ask.facts.stream || !mayBeText.has(asked.arrival.match.endpoint) ? eventsOf(asked) : 'opaque'
    case 'blank':
      // Nothing that anybody would wait for: where it broke off, whoever asked can still be told so.
      return 'whole'
    case 'markup':
    case 'other':
      return 'opaque'
  }
}

/** The form where the beginning cannot be seen, because it is encoded: what was asked for. */
export function formByAsking(asked: Asked): AnswerForm {
  if (!asked.ask.facts.stream) return 'whole'
  return asked.arrival.match.streamInPath && !wantsEvents(asked) ? 'json_array' : eventsOf(asked)
}

/** Not `application/jsonl`: lines are no JSON as a whole. */
function isJson(contentType: string): boolean {
  return contentType === 'application/json' || /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/.test(contentType)
}

const mediaType = /^(?:audio|image|video|font)\//
const linesType = /ndjson|jsonl|json-seq|stream\+json/

const mayBeText: ReadonlySet<EndpointName> = new Set(['audio.transcriptions', 'audio.translations'])

/** Not metered, but read: jobs are booked by what these say. */
const tellsOfJobs: ReadonlySet<EndpointName> = new Set(['responses', 'batches', 'messages.batches'])

/** Whether anything in such an answer is read here. Speech is bytes of any kind, and so may the results of a batch be. */
function isRead({ arrival: { match } }: Asked): boolean {
  if (match.metered) return match.endpoint !== 'audio.speech'
  return tellsOfJobs.has(match.endpoint) && !match.upstreamPath.endsWith('/results')
}

function eventsOf({ arrival: { match } }: Asked): 'sse' | 'responses' {
  return match.endpoint === 'responses' ? 'responses' : 'sse'
}

function wantsEvents({ arrival: { exchange } }: Asked): boolean {
  return asksForEvents(exchange.query)
}
