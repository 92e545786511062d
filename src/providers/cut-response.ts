import type { JsonObject } from '#lib/json-object.ts'
import { objectIn, textIn } from './answers/json.ts'
import { namedEvent, type StreamEnd } from './stream-end.ts'

/** One part of a message that is being written. */
interface Part {
  readonly begun: JsonObject
  text: string
  open: boolean
}

/** One item of a response: what was last said of it, and what was written of it since. */
interface Item {
  said: JsonObject
  readonly parts: Map<number, Part>
  args: string
  open: boolean
}

/**
 * The end of a stream of the Responses API, where every part and item is closed with all that was written of it, and
 * the response is repeated whole: https://platform.openai.com/docs/api-reference/responses-streaming.
 */
export function cutResponse(): StreamEnd {
  const items = new Map<number, Item>()
  let response: JsonObject | null = null
  let number = -1
  return {
    event(json) {
      number = Math.max(number, numberIn(json, 'sequence_number') ?? number + 1)
      response = objectIn(json, 'response') ?? response
      const index = numberIn(json, 'output_index')
      if (index === null) return
      const said = objectIn(json, 'item')
      const item = items.get(index)
      if (said !== undefined) {
        const open = json['type'] === 'response.output_item.added'
        if (item === undefined) items.set(index, { said, parts: new Map(), args: '', open })
        else Object.assign(item, { said, open })
      } else if (item !== undefined) grow(item, json)
    },
    last({ responseId, model, createdAtS, code, message }) {
      const events: string[] = []
      const emit = (type: string, body: JsonObject): void => {
        number += 1
        events.push(namedEvent({ type, sequence_number: number, ...body }))
      }
      const named = { id: responseId, object: 'response', created_at: createdAtS, model }
      if (response === null) {
        response = { ...named, status: 'in_progress', error: null, incomplete_details: null, output: [], usage: null }
        emit('response.created', { response })
      }
      const output = [...items].sort(([a], [b]) => a - b).map(([index, item]) => closed(item, index, emit))
      const details = { incomplete_details: { reason: 'max_output_tokens' }, error: null, output }
      const whole = { ...response, status: 'incomplete', ...details, tollgate: { code, message } }
      emit('response.incomplete', { response: whole })
      return events.join('')
    },
  }
}

function grow(item: Item, json: JsonObject): void {
  const type = textIn(json, 'type') ?? ''
  const delta = textIn(json, 'delta') ?? ''
  if (type === 'response.function_call_arguments.delta') item.args += delta
  const place = numberIn(json, 'content_index')
  if (place === null) return
  const begun = objectIn(json, 'part')
  const part = item.parts.get(place)
  if (type === 'response.content_part.added' && begun !== undefined) {
    item.parts.set(place, { begun, text: '', open: true })
  } else if (part !== undefined && type === 'response.content_part.done') {
    part.open = false
  } else if (part !== undefined && (type === 'response.output_text.delta' || type === 'response.refusal.delta')) {
    part.text += delta
  }
}

function closed(item: Item, output_index: number, emit: (type: string, body: JsonObject) => void): JsonObject {
  if (!item.open) return item.said
  const { said } = item
  const content: JsonObject[] = []
  for (const [content_index, { begun, text, open }] of [...item.parts].sort(([a], [b]) => a - b)) {
    const member = begun['type'] === 'refusal' ? 'refusal' : 'text'
    const part = { ...begun, [member]: text }
    content.push(part)
    if (!open) continue
    const at = { item_id: said['id'] ?? '', output_index, content_index }
    if (begun['type'] === 'refusal') emit('response.refusal.done', { ...at, refusal: text })
    else emit('response.output_text.done', { ...at, text, logprobs: [] })
    emit('response.content_part.done', { ...at, part })
  }
  const written =
    said['type'] === 'message' ? { content } : said['type'] === 'function_call' ? { arguments: item.args } : {}
  const whole = { ...said, ...written, status: 'incomplete' }
  emit('response.output_item.done', { output_index, item: whole })
  return whole
}

function numberIn(json: JsonObject, name: string): number | null {
  const value = json[name]
  return typeof value === 'number' ? value : null
}
