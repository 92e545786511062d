import type { WireEvent } from '../answer.ts'
import type { Choice, Generation, ToolCall } from '../generate.ts'
import { type JsonObject, objectsOf } from '../json.ts'

type Emit = (type: string, body: JsonObject, tokens?: number) => void

/** The stream of a response: every item is announced, grows, and is repeated whole; usage comes with the last event. */
export function responseEvents(whole: JsonObject, started: JsonObject, made: Generation, id: string): WireEvent[] {
  const events: WireEvent[] = []
  let outputTokens = 0
  const emit: Emit = (type, body, tokens = 0) => {
    outputTokens += tokens
    const text = `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: events.length, ...body })}\n\n`
    events.push({ text, outputTokens })
  }
  emit('response.created', { response: started })
  emit('response.in_progress', { response: started })
  const choice = made.choices[0]
  for (const [index, item] of objectsOf(whole['output']).entries()) {
    emitItem(emit, item, { index, made, choice, id })
  }
  const ending = whole['status'] === 'incomplete' ? 'response.incomplete' : 'response.completed'
  emit(ending, { response: whole })
  return events
}

interface Place {
  readonly index: number
  readonly made: Generation
  readonly choice: Choice | undefined
  readonly id: string
}

function emitItem(emit: Emit, item: JsonObject, place: Place): void {
  const output_index = place.index
  switch (item['type']) {
    case 'reasoning':
      emit('response.output_item.added', { output_index, item })
      // Nothing is shown of the thinking; it is generated all the same.
      emit('response.output_item.done', { output_index, item }, place.made.reasoning.length)
      return
    case 'web_search_call': {
      const at = { output_index, item_id: item['id'] ?? '' }
      emit('response.output_item.added', { output_index, item: { ...item, status: 'in_progress' } })
      emit('response.web_search_call.in_progress', at)
      emit('response.web_search_call.searching', at)
      emit('response.web_search_call.completed', at)
      emit('response.output_item.done', { output_index, item })
      return
    }
    case 'function_call':
      emitCall(
        emit,
        item,
        output_index,
        place.choice?.toolCalls.find((one) => `fc_${one.key}` === item['id']),
      )
      return
    default:
      emitMessage(emit, item, output_index, place.choice?.pieces ?? [])
  }
}

function emitMessage(emit: Emit, item: JsonObject, output_index: number, pieces: readonly string[]): void {
  const at = { item_id: item['id'] ?? '', output_index, content_index: 0 }
  const part = objectsOf(item['content'])[0] ?? {}
  const empty = { type: 'output_text', annotations: [], logprobs: [], text: '' }
  emit('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', content: [] } })
  emit('response.content_part.added', { ...at, part: empty })
  for (const delta of pieces) emit('response.output_text.delta', { ...at, delta, logprobs: [] }, 1)
  emit('response.output_text.done', { ...at, text: part['text'] ?? '', logprobs: [] })
  emit('response.content_part.done', { ...at, part })
  emit('response.output_item.done', { output_index, item })
}

function emitCall(emit: Emit, item: JsonObject, output_index: number, call: ToolCall | undefined): void {
  const at = { item_id: item['id'] ?? '', output_index }
  emit('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', arguments: '' } })
  for (const delta of call?.pieces ?? []) emit('response.function_call_arguments.delta', { ...at, delta }, 1)
  const done = { ...at, name: item['name'] ?? '', arguments: item['arguments'] ?? '' }
  emit('response.function_call_arguments.done', done)
  emit('response.output_item.done', { output_index, item })
}
