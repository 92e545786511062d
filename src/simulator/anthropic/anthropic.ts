import { type Answer, chargeOf, eventHeaders, jsonHeaders, plainAnswer } from '../answer.ts'
import { bodyObject, type Call, modelOf } from '../call.ts'
import type { Counts } from '../counts.ts'
import { argumentsOf, type Finish, type Generation, generate } from '../generate.ts'
import type { JsonObject } from '../json.ts'
import { Refusal } from '../refusal.ts'
import { askFromMessages, shareCache } from './ask.ts'
import { messageEvents } from './stream.ts'

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

/** `POST /v1/messages`. */
export function message(call: Call): Answer {
  const body = bodyObject(call)
  const made = messageFor(call, body)
  const { counts } = made.made
  const charge = chargeOf(modelOf(body['model']), counts)
  const common = { status: 200, id: made.id, charge, repeatable: counts.inputTokens < 1024 }
  if (body['stream'] !== true) return { ...common, headers: jsonHeaders, body: JSON.stringify(wholeMessage(made)) }
  return { ...common, headers: eventHeaders, body: messageEvents(made, call.directives.repeatUsage ?? 1) }
}

/** The answer to one body of the messages API; batches use it too. */
export function messageFor(call: Call, body: JsonObject): Message {
  const model = modelOf(body['model'])
  if (typeof body['max_tokens'] !== 'number') throw new Refusal(400, 'max_tokens: Field required')
  const asked = askFromMessages(body, model)
  const share = shareCache(call.world.promptCache, `${call.credential}|${model.name}`, asked, call.nowMs)
  const made = generate(asked.ask, call.directives, call.world.seed, share)
  const usage = usageOf(made.counts)
  return { id: `msg_01${call.id}`, model: model.served, made, usage, usageShown: !call.directives.noUsage }
}

/** `POST /v1/messages/count_tokens`: free. */
export function countMessageTokens(call: Call): Answer {
  const body = bodyObject(call)
  const { ask } = askFromMessages(body, modelOf(body['model']))
  return plainAnswer(`req_${call.id}`, { input_tokens: ask.inputTokens })
}

/** Anthropic's `input_tokens` leaves out what was read from and written to the cache. */
function usageOf(counts: Counts): JsonObject {
  const writes = counts.cacheWrite5mTokens + counts.cacheWrite1hTokens
  return {
    input_tokens: counts.inputTokens - counts.cachedInputTokens - writes,
    cache_creation_input_tokens: writes,
    cache_read_input_tokens: counts.cachedInputTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: counts.cacheWrite5mTokens,
      ephemeral_1h_input_tokens: counts.cacheWrite1hTokens,
    },
    output_tokens: counts.outputTokens,
    ...(counts.reasoningTokens > 0 ? { output_tokens_details: { thinking_tokens: counts.reasoningTokens } } : {}),
    ...(counts.webSearches > 0
      ? { server_tool_use: { web_search_requests: counts.webSearches, web_fetch_requests: 0 } }
      : {}),
    service_tier: 'standard',
    inference_geo: 'not_available',
  }
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
