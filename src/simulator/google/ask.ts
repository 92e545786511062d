import {
  type Ask,
  audioTokensOf,
  type Format,
  inputTokensOf,
  newTally,
  type Tally,
  type Tool,
  type ToolChoice,
} from '../ask.ts'
import { isObject, type Json, type JsonObject, listOf, numberOf, objectsOf, textOf } from '../json.ts'
import type { Model } from '../models.ts'
import { stopsOf } from '../openai/ask.ts'
import { Refusal } from '../refusal.ts'

/** A field under its name in JSON or in proto (`systemInstruction`, `system_instruction`): Gemini takes both. */
export function either(object: JsonObject, name: string): Json | undefined {
  return object[name] ?? object[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]
}

export interface GoogleAsk {
  readonly ask: Ask
  /** Thinking is shown, not only counted. */
  readonly showsThoughts: boolean
}

/**
 * Reads the body of generateContent.
 *
 * @throws Refusal (400) without contents.
 */
export function askFromContents(body: JsonObject, model: Model): GoogleAsk {
  const contents = objectsOf(body['contents'])
  if (contents.length === 0) {
    throw new Refusal(400, '* GenerateContentRequest.contents: contents is not specified\n')
  }
  const tally = tallyOf(contents, either(body, 'systemInstruction'))
  const config = objectOf(either(body, 'generationConfig'))
  const thinking = objectOf(either(config, 'thinkingConfig'))
  const tools = objectsOf(body['tools'])
  const ask: Ask = {
    model,
    prompt: tally.prompt,
    answersTool: tally.answersTool,
    inputTokens: inputTokensOf(tally, body['tools']),
    imageInputTokens: tally.imageTokens,
    audioInputTokens: tally.audioTokens,
    tools: tools.flatMap((tool) => declarationsOf(tool)),
    toolChoice: toolChoiceOf(either(body, 'toolConfig')),
    parallelTools: true,
    format: formatOf(config),
    maxOutputTokens: numberOf(either(config, 'maxOutputTokens')),
    choices: Math.min(Math.max(numberOf(either(config, 'candidateCount')) ?? 1, 1), 8),
    reasoningTokens: thinkingOf(thinking),
    searchesWeb: tools.some((tool) => either(tool, 'googleSearch') !== undefined),
    stop: stopsOf(either(config, 'stopSequences')),
  }
  return { ask, showsThoughts: either(thinking, 'includeThoughts') === true }
}

/** What contents and system instruction add up to; countTokens needs no more. */
export function tallyOf(contents: readonly JsonObject[], system: Json | undefined): Tally {
  const tally = newTally()
  if (typeof system === 'string') tally.textLength += system.length
  else if (isObject(system)) readParts(listOf(system['parts']), tally)
  for (const content of contents) {
    tally.messages++
    tally.answersTool = false
    const said = readParts(listOf(content['parts']), tally)
    if (content['role'] !== 'model') tally.prompt = said
  }
  return tally
}

function readParts(parts: readonly Json[], tally: Tally): string {
  let said = ''
  for (const part of parts) {
    if (!isObject(part)) continue
    const text = textOf(part['text'])
    if (text !== null) {
      said += text
      tally.textLength += text.length
    }
    const media = objectOf(either(part, 'inlineData') ?? either(part, 'fileData'))
    const mime = textOf(either(media, 'mimeType')) ?? ''
    if (mime.startsWith('audio/')) tally.audioTokens += audioTokensOf(textOf(media['data'])?.length ?? 0)
    else if (mime !== '') tally.imageTokens += 258
    const response = either(part, 'functionResponse')
    if (response !== undefined) tally.answersTool = true
    const call = either(part, 'functionCall') ?? response
    if (call !== undefined) tally.textLength += JSON.stringify(call).length
  }
  return said
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function declarationsOf(tool: JsonObject): Tool[] {
  return objectsOf(either(tool, 'functionDeclarations')).map((one) => ({
    name: textOf(one['name']) ?? '',
    description: textOf(one['description']) ?? '',
    schema: either(one, 'parametersJsonSchema') ?? one['parameters'] ?? {},
  }))
}

function toolChoiceOf(config: unknown): ToolChoice {
  const calling = objectOf(either(objectOf(config), 'functionCallingConfig'))
  const mode = textOf(calling['mode'])
  const allowed = textOf(listOf(either(calling, 'allowedFunctionNames'))[0])
  if (mode === 'ANY') return allowed === null ? { kind: 'required' } : { kind: 'named', name: allowed }
  return { kind: mode === 'NONE' ? 'none' : 'auto' }
}

function formatOf(config: JsonObject): Format {
  if (either(config, 'responseMimeType') !== 'application/json') return { kind: 'text' }
  const schema = either(config, 'responseJsonSchema') ?? either(config, 'responseSchema')
  return schema === undefined ? { kind: 'json' } : { kind: 'schema', schema }
}

/** A budget of -1 leaves it to the model. */
function thinkingOf(thinking: JsonObject): number | null {
  const budget = numberOf(either(thinking, 'thinkingBudget'))
  if (budget !== null) return budget < 0 ? null : budget
  return either(thinking, 'thinkingLevel') === undefined ? null : 96
}
