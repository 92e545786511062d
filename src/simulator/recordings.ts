import { type Answer, eventHeaders, type WireEvent } from './answer.ts'
import type { Received } from './call.ts'
import { isObject, type JsonObject, textOf } from './json.ts'
import { Refusal } from './refusal.ts'

/** An exchange as somebody recorded it: what is replayed of it. */
export interface Recording {
  /** `provider/file` without `.json`. */
  readonly name: string
  readonly api: string
  readonly model: string
  readonly stream: boolean
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Reads the text of one recording file.
 *
 * @returns null where it is not of that form, or has no answer to replay.
 */
export function parseRecording(name: string, text: string): Recording | null {
  const file: unknown = JSON.parse(text)
  if (!isObject(file)) return null
  const { response, request } = file
  if (!isObject(response)) return null
  const status = response['status']
  const body = response['body']
  if (typeof status !== 'number' || body === undefined) return null
  const url = textOf(file['url']) ?? ''
  const model = textOf(isObject(request) ? request['model'] : null) ?? /\/models\/([^:/?]+)/.exec(url)?.[1] ?? ''
  return {
    name: name.replace(/\.json$/, ''),
    api: textOf(file['api']) ?? '',
    model,
    stream: file['stream'] === true,
    status,
    headers: headersOf(response, typeof body === 'string' ? body : null),
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }
}

/** As recorded, but for the length, which the server sets; a stream without a type gets the usual one. */
function headersOf(response: JsonObject, streamed: string | null): Record<string, string> {
  const recorded = response['headers']
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(isObject(recorded) ? recorded : {})) {
    if (typeof value !== 'string' || /^(content-length|content-encoding|transfer-encoding)$/i.test(name)) continue
    // Redacted values may hold characters that no header may.
    headers[name.toLowerCase()] = value.replace(/[^\t\x20-\x7e]/g, '?')
  }
  if (headers['content-type'] === undefined) {
    const isArray = streamed?.trimStart().startsWith('[') ?? true
    headers['content-type'] = isArray ? 'application/json' : (eventHeaders['content-type'] ?? '')
  }
  return headers
}

/** A folder of recordings, by name and by what they answer. */
export class Recordings {
  readonly #byName = new Map<string, Recording>()
  readonly #byAsk = new Map<string, Recording>()

  constructor(recordings: readonly Recording[]) {
    for (const recording of recordings) {
      this.#byName.set(recording.name, recording)
      const ask = askKey(recording.api, recording.model, recording.stream)
      if (!this.#byAsk.has(ask) && recording.status === 200) this.#byAsk.set(ask, recording)
    }
  }

  get size(): number {
    return this.#byName.size
  }

  /**
   * The recorded answer of that name, or the first good one with the request's API, model and manner; null where
   * nothing fits and nothing was named.
   *
   * @throws Refusal (404) where a name is not in the folder.
   */
  answer(api: string, received: Received, name: string | null, id: string): Answer | null {
    if (name !== null) {
      const named = this.#byName.get(name.replace(/\.json$/, ''))
      if (!named) throw new Refusal(404, `There is no recording "${name}".`, 'recording_not_found')
      return answerOf(named, id)
    }
    const found = this.#byAsk.get(askKey(api, modelOf(received), streams(received)))
    return found ? answerOf(found, id) : null
  }
}

function askKey(api: string, model: string, stream: boolean): string {
  return `${api}|${model}|${stream}`
}

function modelOf(received: Received): string {
  const inPath = /\/models\/([^:/]+)/.exec(received.path)?.[1]
  return inPath ?? /"model"\s*:\s*"([^"]+)"/.exec(received.body.toString('latin1'))?.[1] ?? ''
}

function streams(received: Received): boolean {
  return received.path.includes(':stream') || /"stream"\s*:\s*true/.test(received.body.toString('latin1'))
}

function answerOf(recording: Recording, id: string): Answer {
  return {
    status: recording.status,
    headers: recording.headers,
    body: recording.stream ? eventsOf(recording.body) : recording.body,
    id,
    charge: null,
    repeatable: false,
    replayed: true,
  }
}

/** Every event with the blank line behind it, to the byte; what stands behind the last one is a piece too. */
function eventsOf(body: string): WireEvent[] {
  const pieces = body.split(/(?<=\r?\n\r?\n)(?!\r?\n)/)
  return pieces.filter((text) => text !== '').map((text, i) => ({ text, outputTokens: i }))
}
