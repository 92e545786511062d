import type { EndpointName } from '#core/ledger/entry.ts'
import type { BatchRequest, Reading, StreamMeter } from '#providers/meter.ts'
import { Findings } from './findings.ts'
import { createReader } from './formats.ts'
import { isObject, type JsonObject, objectOf, parseJson } from './json.ts'

/** An answer with all its pictures is a few megabytes; longer lines are passed on unread. */
const longestLine = 16 * 1024 * 1024

const lineFeed = 0x0a
const noBytes: Buffer = Buffer.alloc(0)

/**
 * Reads the results of a batch as they pass: JSON lines, in Anthropic's form (`result.message`) or OpenAI's
 * (`response.body`). Passes every byte on as it came.
 *
 * Sources: https://docs.anthropic.com/en/api/retrieving-message-batch-results,
 * https://platform.openai.com/docs/api-reference/batch/request-output.
 */
export function createBatchMeter(): StreamMeter {
  return new Meter()
}

class Meter implements StreamMeter {
  readonly #requests: BatchRequest[] = []
  /** Any of its bytes may be the last one. */
  readonly ending = true
  readonly outputBytes = 0
  #unreadLines = 0
  #rest: Buffer[] = []
  #restBytes = 0

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
    const request = requestOf(json, text)
    if (request !== null) this.#requests.push(request)
  }
}

/** Null where the request was not billed: it failed, expired or was cancelled before its turn. */
function requestOf(line: JsonObject, text: string): BatchRequest | null {
  const result = objectOf(line['result'])
  if (result !== undefined) {
    const message = objectOf(result['message'])
    return result['type'] === 'succeeded' && message !== undefined ? readBody(message, 'messages', text) : null
  }
  const response = objectOf(line['response'])
  const body = objectOf(response?.['body'])
  return response?.['status_code'] === 200 && body !== undefined ? readBody(body, endpointOf(body), text) : null
}

function readBody(body: JsonObject, endpoint: EndpointName, text: string): BatchRequest | null {
  const findings = new Findings()
  const reader = createReader({ api: endpoint }, findings)
  reader.whole(body, text)
  const usage = reader.usage()
  return usage === null ? null : { model: findings.model ?? '', endpoint, usage }
}

/** OpenAI's answers say what they are. */
function endpointOf(body: JsonObject): EndpointName {
  switch (body['object']) {
    case 'response':
      return 'responses'
    case 'text_completion':
      return 'completions'
    case 'list':
      return 'embeddings'
    default:
      return 'chat.completions'
  }
}
