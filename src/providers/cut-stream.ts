import type { EndpointName } from '#core/ledger/entry.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import { type SseBlock, SseReader } from '#lib/sse.ts'
import { objectIn, objectsIn, parseJson, textIn } from './answers/json.ts'
import { cutResponse } from './cut-response.ts'
import type { Dialect } from './endpoints.ts'
import { type CutStream, dataEvent, namedEvent, type StreamEnd } from './stream-end.ts'

/**
 * @param usageAsked the caller wants usage from an API that tells it on request alone (`stream_options`)
 *
 * Sources: https://platform.openai.com/docs/api-reference/chat-streaming/streaming (`finish_reason`, `usage`),
 * https://platform.openai.com/docs/api-reference/responses-streaming/response/incomplete,
 * https://docs.claude.com/en/api/messages-streaming (`message_delta`, `message_stop`),
 * https://ai.google.dev/api/generate-content#FinishReason.
 */
export function createStreamEnd(
  endpoint: EndpointName,
  dialect: Dialect,
  { usageAsked }: { readonly usageAsked: boolean },
): StreamEnd {
  if (endpoint === 'responses') return cutResponse()
  if (dialect === 'anthropic') return cutMessage()
  return dialect === 'google' ? cutContent() : cutChoices(endpoint === 'chat.completions', usageAsked)
}

/** Reads the bytes of whole events into what follows them. */
export class PassedEvents {
  readonly #end: StreamEnd
  readonly #reader: SseReader

  constructor(end: StreamEnd) {
    this.#end = end
    this.#reader = new SseReader((block) => this.#take(block), { maxBlockBytes: 16 * 1024 * 1024 })
  }

  push(bytes: Buffer): void {
    this.#reader.push(bytes)
  }

  last(cut: CutStream): Buffer {
    return Buffer.from(this.#end.last(cut))
  }

  #take({ hasData, bytes, dataStart, dataEnd }: SseBlock): void {
    if (!hasData) return
    const json = parseJson(bytes.toString('utf8', dataStart, dataEnd))
    if (isObject(json)) this.#end.event(json)
  }
}

/** Which of several answers have begun, and not ended. */
class Unfinished {
  readonly #open = new Set<number>()
  #any = false

  note(answer: JsonObject, finish: string): void {
    const index = typeof answer['index'] === 'number' ? answer['index'] : 0
    this.#any = true
    if (textIn(answer, finish) === undefined) this.#open.add(index)
    else this.#open.delete(index)
  }

  /** One where none has begun: an answer must not be empty. */
  get indexes(): readonly number[] {
    return this.#any ? [...this.#open].sort((a, b) => a - b) : [0]
  }
}

function cutChoices(isChat: boolean, usageAsked: boolean): StreamEnd {
  const unfinished = new Unfinished()
  let head: JsonObject = {}
  return {
    event(json) {
      const choices = objectsIn(json, 'choices')
      if (choices.length === 0) return
      const { id, object, created, model } = json
      head = { id, object, created, model }
      for (const choice of choices) unfinished.note(choice, 'finish_reason')
    },
    last({ responseId: id, createdAtS: created, model, inputTokens, outputTokens, code, message }) {
      const object = isChat ? 'chat.completion.chunk' : 'text_completion'
      const choices = unfinished.indexes.map((index) => ({
        index,
        ...(isChat ? { delta: {} } : { text: '' }),
        logprobs: null,
        finish_reason: 'length',
      }))
      const about = { id, object, created, model, ...head }
      const tollgate = { code, message }
      if (!usageAsked) return `${dataEvent({ ...about, choices, tollgate })}data: [DONE]\n\n`
      const usage = {
        prompt_tokens: inputTokens,
        completion_tokens: outputTokens,
        total_tokens: inputTokens + outputTokens,
      }
      // Where it is asked for, every chunk has the member, and the last one nothing else.
      const ends = [
        { ...about, choices, usage: null, tollgate },
        { ...about, choices: [], usage },
      ]
      return `${ends.map(dataEvent).join('')}data: [DONE]\n\n`
    },
  }
}

function cutMessage(): StreamEnd {
  const blocks = new Set<unknown>()
  let begun = false
  return {
    event(json) {
      const { type, index } = json
      if (type === 'message_start') begun = true
      if (type === 'content_block_start') blocks.add(index)
      if (type === 'content_block_stop') blocks.delete(index)
    },
    last({ responseId, model, outputTokens, code, message }) {
      const usage = { input_tokens: 0, output_tokens: 0 }
      const empty = { id: responseId, type: 'message', role: 'assistant', model, content: [], usage }
      const start = begun ? '' : namedEvent({ type: 'message_start', message: { ...empty, stop_reason: null } })
      const stops = [...blocks].map((index) => namedEvent({ type: 'content_block_stop', index }))
      const delta = { stop_reason: 'max_tokens', stop_sequence: null }
      const counted = { output_tokens: outputTokens }
      const end = namedEvent({ type: 'message_delta', delta, usage: counted, tollgate: { code, message } })
      return start + stops.join('') + end + namedEvent({ type: 'message_stop' })
    },
  }
}

function cutContent(): StreamEnd {
  const unfinished = new Unfinished()
  let usageMetadata: JsonObject | undefined
  return {
    event(json) {
      for (const candidate of objectsIn(json, 'candidates')) unfinished.note(candidate, 'finishReason')
      usageMetadata = objectIn(json, 'usageMetadata') ?? usageMetadata
    },
    last({ model: modelVersion, responseId, code, message }) {
      const content = { parts: [{ text: '' }], role: 'model' }
      const candidates = unfinished.indexes.map((index) => ({ content, finishReason: 'MAX_TOKENS', index }))
      const usage = usageMetadata === undefined ? {} : { usageMetadata }
      return dataEvent({ candidates, ...usage, modelVersion, responseId, tollgate: { code, message } })
    },
  }
}
