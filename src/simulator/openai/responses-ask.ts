import { type Ask, inputTokensOf, newTally, type Tally, toolsFrom } from '../ask.ts'
import { isObject, type JsonObject, listOf, numberOf, objectsOf, textOf } from '../json.ts'
import type { Model } from '../models.ts'
import { Refusal } from '../refusal.ts'
import { formatOf, readParts, tokensOfEffort, toolChoiceOf } from './ask.ts'

/**
 * Reads the body of a responses call.
 *
 * @throws Refusal (400) without input.
 */
export function askFromResponses(body: JsonObject, model: Model): Ask {
  const input = body['input']
  if (input === undefined && body['prompt'] === undefined) {
    throw new Refusal(400, "Missing required parameter: 'input'.", 'missing_required_parameter', 'input')
  }
  const tally = newTally()
  const instructions = textOf(body['instructions'])
  if (instructions !== null) {
    tally.messages++
    tally.textLength += instructions.length
  }
  if (typeof input === 'string') {
    tally.messages++
    tally.textLength += input.length
    tally.prompt = input
  } else {
    for (const item of objectsOf(input)) readItem(item, tally)
  }
  const tools = objectsOf(body['tools'])
  const { text, reasoning } = body
  return {
    model,
    prompt: tally.prompt,
    answersTool: tally.answersTool,
    inputTokens: inputTokensOf(tally, body['tools']),
    imageInputTokens: 0,
    audioInputTokens: tally.audioTokens,
    tools: toolsFrom(
      tools.filter((tool) => tool['type'] === 'function'),
      'parameters',
    ),
    toolChoice: toolChoiceOf(body['tool_choice']),
    parallelTools: body['parallel_tool_calls'] !== false,
    format: formatOf(isObject(text) ? text['format'] : null),
    maxOutputTokens: numberOf(body['max_output_tokens']),
    choices: 1,
    reasoningTokens: isObject(reasoning) ? tokensOfEffort(reasoning['effort']) : null,
    searchesWeb: tools.some((tool) => textOf(tool['type'])?.startsWith('web_search') ?? false),
    stop: [],
  }
}

function readItem(item: JsonObject, tally: Tally): void {
  tally.messages++
  const type = item['type']
  tally.answersTool = type === 'function_call_output'
  if (type === 'function_call' || type === 'function_call_output') {
    tally.textLength += JSON.stringify(item['arguments'] ?? item['output'] ?? '').length
    return
  }
  const content = item['content']
  const isUser = item['role'] === 'user'
  if (typeof content === 'string') {
    tally.textLength += content.length
    if (isUser) tally.prompt = content
  } else {
    readParts(listOf(content), tally, isUser)
  }
}
