import {
  type Ask,
  audioTokensOf,
  type Format,
  inputTokensOf,
  newTally,
  type Tally,
  type ToolChoice,
  toolsFrom,
} from '../ask.ts'
import { isObject, type Json, type JsonObject, listOf, numberOf, objectsOf, textOf } from '../json.ts'
import type { Model } from '../models.ts'
import { Refusal } from '../refusal.ts'

/**
 * Reads the body of a chat completion. Messages may be few or hundreds of thousands: one pass, no copies of the texts.
 *
 * @throws Refusal (400) without messages.
 */
export function askFromChat(body: JsonObject, model: Model): Ask {
  const messages = body['messages']
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new Refusal(400, "Missing required parameter: 'messages'.", 'missing_required_parameter', 'messages')
  }
  const tally = newTally()
  for (const message of messages) if (isObject(message)) readMessage(message, tally)
  const tools = toolsFrom(
    objectsOf(body['tools']).map((tool) => (isObject(tool['function']) ? tool['function'] : {})),
    'parameters',
  )
  return {
    model,
    prompt: tally.prompt,
    answersTool: tally.answersTool,
    inputTokens: inputTokensOf(tally, body['tools']),
    imageInputTokens: 0,
    audioInputTokens: tally.audioTokens,
    tools,
    toolChoice: toolChoiceOf(body['tool_choice']),
    parallelTools: body['parallel_tool_calls'] !== false,
    format: formatOf(body['response_format']),
    maxOutputTokens: numberOf(body['max_completion_tokens']) ?? numberOf(body['max_tokens']),
    choices: Math.min(Math.max(numberOf(body['n']) ?? 1, 1), 128),
    reasoningTokens: reasoningOf(body, model),
    searchesWeb: isObject(body['web_search_options']),
    stop: stopsOf(body['stop']),
  }
}

export function stopsOf(stop: unknown): string[] {
  const all = Array.isArray(stop) ? stop : [stop]
  return all.filter((one): one is string => typeof one === 'string')
}

function readMessage(message: JsonObject, tally: Tally): void {
  tally.messages++
  const role = message['role']
  tally.answersTool = role === 'tool' || role === 'function'
  const content = message['content']
  if (typeof content === 'string') {
    tally.textLength += content.length
    if (role === 'user') tally.prompt = content
  } else {
    readParts(listOf(content), tally, role === 'user')
  }
  const calls = message['tool_calls']
  if (calls !== undefined) tally.textLength += JSON.stringify(calls).length
}

/** Parts of the chat and of the responses API: both name their kinds alike. */
export function readParts(parts: readonly Json[], tally: Tally, isUser: boolean): void {
  let said = ''
  for (const part of parts) {
    if (!isObject(part)) continue
    const text = textOf(part['text'])
    if (text !== null) {
      tally.textLength += text.length
      said += text
    }
    const type = part['type']
    if (type === 'image_url' || type === 'input_image') tally.imageTokens += imageTokensOf(part)
    const audio = part['input_audio']
    if (isObject(audio)) tally.audioTokens += audioTokensOf(textOf(audio['data'])?.length ?? 0)
    if (type === 'file' || type === 'input_file') tally.textLength += 1600
  }
  if (isUser) tally.prompt = said
}

/** 85 for low detail, 765 else: a 1024 × 1024 picture as platform.openai.com/docs/guides/images counts it for gpt-4o. */
function imageTokensOf(part: JsonObject): number {
  const image = part['image_url']
  const detail = isObject(image) ? image['detail'] : part['detail']
  return detail === 'low' ? 85 : 765
}

export function toolChoiceOf(choice: unknown): ToolChoice {
  if (choice === 'none') return { kind: 'none' }
  if (choice === 'required') return { kind: 'required' }
  if (!isObject(choice)) return { kind: 'auto' }
  const inner = choice['function']
  const name = textOf(isObject(inner) ? inner['name'] : choice['name'])
  return name === null ? { kind: 'auto' } : { kind: 'named', name }
}

export function formatOf(format: unknown): Format {
  if (!isObject(format)) return { kind: 'text' }
  if (format['type'] === 'json_object') return { kind: 'json' }
  if (format['type'] !== 'json_schema') return { kind: 'text' }
  const wrapped = format['json_schema']
  const schema = isObject(wrapped) ? wrapped['schema'] : format['schema']
  return { kind: 'schema', schema: schema ?? {} }
}

const effortTokens: Readonly<Record<string, number>> = { none: 0, minimal: 0, low: 48, medium: 96, high: 128 }

/** Null for a word that is not known, and for none. */
export function tokensOfEffort(effort: unknown): number | null {
  return effortTokens[textOf(effort) ?? ''] ?? null
}

function reasoningOf(body: JsonObject, model: Model): number | null {
  const thinking = body['thinking']
  if (isObject(thinking)) {
    return thinking['type'] === 'enabled' ? (numberOf(thinking['budget_tokens']) ?? 128) : 0
  }
  const effort = textOf(body['reasoning_effort'])
  if (effort === null) return model.reasoning === 'always' ? null : 0
  return tokensOfEffort(effort)
}
