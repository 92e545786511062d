import type { EndpointName } from '#core/ledger/entry.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import { noBytes } from '#lib/no-bytes.ts'
import type { BatchRequest, Reading, StreamMeter } from '#providers/meter.ts'
import { Findings } from './findings.ts'
import { createReader } from './formats.ts'
import { objectOf, objectsOf, parseJson } from './json.ts'
import { tellsAll } from './usage-gaps.ts'

/** An answer with all its pictures is a few megabytes; longer lines are passed on unread. */
const longestLine = 16 * 1024 * 1024

const lineFeed = 0x0a

/**
 * Reads the results of a batch as they pass: JSON lines, in Anthropic's form (`result.message`) or OpenAI's
 * (`response.body`). Passes every byte on as it came. `ordered` is the API that the requests are for, null where nobody
 * said it: the answers are then told apart by their looks.
 *
 * Sources: https://docs.anthropic.com/en/api/retrieving-message-batch-results,
 * https://platform.openai.com/docs/api-reference/batch/request-output.
 */
export function createBatchMeter(ordered: EndpointName | null): StreamMeter {
  return new Meter(ordered)
}

class Meter implements StreamMeter {
  readonly #requests: BatchRequest[] = []
  /** Any of its bytes may be the last one. */
  readonly ending = true
  readonly outputBytes = 0
  readonly #ordered: EndpointName | null
  #unreadLines = 0
  #rest: Buffer[] = []
  #restBytes = 0

  constructor(ordered: EndpointName | null) {
    this.#ordered = ordered
  }

  push(chunk: Buffer): Buffer {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.#keep(chunk.subarray(start, end))
      this.#takeLine()
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
    return chunk
  }

  end(): Buffer {
    this.#takeLine()
    return noBytes
  }

  reading(): Reading {
    const results = { requests: this.#requests, unreadLines: this.#unreadLines }
    return { ...new Findings().readingOf(null), results }
  }

  #keep(piece: Buffer): void {
    this.#restBytes += piece.length
    if (this.#restBytes > longestLine) this.#rest = []
    else if (piece.length > 0) this.#rest.push(piece)
  }

  #takeLine(): void {
    const bytes = this.#restBytes
    const text = bytes > longestLine ? '' : Buffer.concat(this.#rest).toString()
    this.#rest = []
    this.#restBytes = 0
    if (bytes === 0 || (bytes <= longestLine && text.trim() === '')) return
    const json = parseJson(text)
    if (!isObject(json)) {
      this.#unreadLines += 1
      return
    }
    const request = requestOf(json, text, this.#ordered)
    if (request !== null) this.#requests.push(request)
  }
}

/** Null where the request was not billed: it failed, expired or was cancelled before its turn, or its API is free. */
function requestOf(line: JsonObject, text: string, ordered: EndpointName | null): BatchRequest | null {
  const result = objectOf(line['result'])
  if (result !== undefined) {
    const message = objectOf(result['message'])
    return result['type'] === 'succeeded' && message !== undefined ? readBody(message, 'messages', text) : null
  }
  const response = objectOf(line['response'])
  const body = objectOf(response?.['body'])
  return response?.['status_code'] === 200 && body !== undefined
    ? readBody(body, ordered ?? endpointOf(body), text)
    : null
}

function readBody(body: JsonObject, endpoint: EndpointName, text: string): BatchRequest | null {
  // https://platform.openai.com/docs/guides/moderation
  if (endpoint === 'moderations') return null
  const findings = new Findings()
  const reader = createReader({ api: endpoint }, findings)
  reader.whole(body, text)
  const reading = findings.readingOf(reader.usage())
  const request = { model: findings.model ?? '', endpoint, usage: reading.usage ?? {} }
  return tellsAll(endpoint, reading) ? request : { ...request, usageUnread: true }
}

/** Most of OpenAI's answers say what they are; the others are known by what they have. */
function endpointOf(body: JsonObject): EndpointName {
  switch (body['object']) {
    case 'response':
      return 'responses'
    case 'text_completion':
      return 'completions'
    case 'list':
      return 'embeddings'
    case 'chat.completion':
      return 'chat.completions'
  }
  if (Array.isArray(body['choices'])) return 'chat.completions'
  if (Array.isArray(body['results'])) return 'moderations'
  if (typeof body['text'] === 'string') return 'audio.transcriptions'
  if (!Array.isArray(body['data'])) return 'other'
  return objectsOf(body['data']).some((one) => 'embedding' in one) ? 'embeddings' : 'images'
}
