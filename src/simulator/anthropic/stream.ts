import type { WireEvent } from '../answer.ts'
import type { JsonObject } from '../json.ts'
import { type Message, searchId, searchResult, signature, stopReasons } from './message.ts'

/** Puts the events of one message together; each knows how many tokens are out with it. */
class EventList {
  readonly events: WireEvent[] = []
  #outputTokens = 0
  #index = -1

  add(type: string, body: JsonObject, tokens = 0): void {
    this.#outputTokens += tokens
    const text = `event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`
    this.events.push({ text, outputTokens: this.#outputTokens })
  }

  open(block: JsonObject): void {
    this.#index++
    this.add('content_block_start', { index: this.#index, content_block: block })
    if (this.#index === 0) this.events.push({ text: ping, outputTokens: this.#outputTokens })
  }

  delta(delta: JsonObject, tokens: number): void {
    this.add('content_block_delta', { index: this.#index, delta }, tokens)
  }

  close(): void {
    this.add('content_block_stop', { index: this.#index })
  }
}

const ping = 'event: ping\ndata: {"type": "ping"}\n\n'

/**
 * The stream of a message: usage first in `message_start`, with an output count that is provisional, and for good in
 * `message_delta`.
 */
export function messageEvents(message: Message, deltaCount: number): WireEvent[] {
  const list = new EventList()
  const { made, usage, usageShown } = message
  const start = { ...usage, output_tokens: Math.min(1, made.counts.outputTokens) }
  list.add('message_start', {
    message: {
      model: message.model,
      id: message.id,
      type: 'message',
      role: 'assistant',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      ...(usageShown ? { usage: startUsage(start) } : {}),
    },
  })
  addThinking(list, made.reasoning)
  addSearches(list, message)
  const choice = made.choices[0]
  if (choice && choice.pieces.length > 0) {
    list.open({ type: 'text', text: '' })
    for (const piece of choice.pieces) list.delta({ type: 'text_delta', text: piece }, 1)
    list.close()
  }
  for (const one of choice?.toolCalls ?? []) {
    list.open({ type: 'tool_use', id: `toolu_01${one.key}`, name: one.name, input: {} })
    list.delta({ type: 'input_json_delta', partial_json: '' }, 0)
    for (const piece of one.pieces) list.delta({ type: 'input_json_delta', partial_json: piece }, 1)
    list.close()
  }
  const delta = { stop_reason: stopReasons[choice?.finish ?? 'stop'], stop_sequence: null }
  for (let i = 0; i < deltaCount; i++) {
    list.add('message_delta', { delta, ...(usageShown ? { usage: deltaUsage(usage) } : {}) })
  }
  list.add('message_stop', {})
  return list.events
}

/** What `message_start` does not know yet. */
function startUsage(usage: JsonObject): JsonObject {
  const { server_tool_use: _tools, output_tokens_details: _details, ...known } = usage
  return known
}

/** `message_delta` repeats the counts, but not the split of the cache writes. */
function deltaUsage(usage: JsonObject): JsonObject {
  const { cache_creation: _split, service_tier: _tier, inference_geo: _geo, ...counts } = usage
  return counts
}

function addThinking(list: EventList, reasoning: readonly string[]): void {
  if (reasoning.length === 0) return
  list.open({ type: 'thinking', thinking: '', signature: '' })
  for (const piece of reasoning) list.delta({ type: 'thinking_delta', thinking: piece }, 1)
  list.delta({ type: 'signature_delta', signature }, 0)
  list.close()
}

function addSearches(list: EventList, message: Message): void {
  for (const [i, query] of message.made.searches.entries()) {
    const key = searchId(message.id, i)
    list.open({ type: 'server_tool_use', id: key, name: 'web_search', input: {} })
    list.delta({ type: 'input_json_delta', partial_json: JSON.stringify({ query }) }, 0)
    list.close()
    list.open(searchResult(key))
    list.close()
  }
}
