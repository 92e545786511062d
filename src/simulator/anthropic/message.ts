import { argumentsOf, type Finish, type Generation } from '../generate.ts'
import type { JsonObject } from '../json.ts'

/** One answer, as whole and as stream have it. */
export interface Message {
  readonly id: string
  readonly model: string
  readonly made: Generation
  readonly usage: JsonObject
  readonly usageShown: boolean
}

export const stopReasons: Readonly<Record<Finish, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool: 'tool_use',
}

export function wholeMessage(message: Message): JsonObject {
  const { made } = message
  return {
    model: message.model,
    id: message.id,
    type: 'message',
    role: 'assistant',
    content: contentOf(made, message.id),
    stop_reason: stopReasons[made.choices[0]?.finish ?? 'stop'],
    stop_sequence: null,
    ...(message.usageShown ? { usage: message.usage } : {}),
  }
}

/** Thinking, searches with their results, text, tools: in this order. */
function contentOf(made: Generation, id: string): JsonObject[] {
  const content: JsonObject[] = []
  if (made.reasoning.length > 0) {
    content.push({ type: 'thinking', thinking: made.reasoning.join(''), signature: signature })
  }
  for (const [i, query] of made.searches.entries()) {
    const key = searchId(id, i)
    content.push({ type: 'server_tool_use', id: key, name: 'web_search', input: { query } })
    content.push(searchResult(key))
  }
  const choice = made.choices[0]
  if (choice && choice.pieces.length > 0) content.push({ type: 'text', text: choice.pieces.join('') })
  for (const one of choice?.toolCalls ?? []) {
    content.push({ type: 'tool_use', id: `toolu_01${one.key}`, name: one.name, input: argumentsOf(one) })
  }
  return content
}

export const signature = 'c2ltdWxhdGVkIHNpZ25hdHVyZQ=='

export function searchId(messageId: string, index: number): string {
  return `srvtoolu_${messageId.slice(4)}${index}`
}

export function searchResult(key: string): JsonObject {
  return {
    type: 'web_search_tool_result',
    tool_use_id: key,
    content: [
      {
        type: 'web_search_result',
        title: 'A simulated page',
        url: 'https://example.com/simulated',
        encrypted_content: 'c2ltdWxhdGVk',
        page_age: null,
      },
    ],
  }
}
