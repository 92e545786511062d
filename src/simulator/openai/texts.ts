import { type Answer, chargeOf, eventHeaders, jsonHeaders, type WireEvent } from '../answer.ts'
import type { Ask } from '../ask.ts'
import { bodyObject, type Call, modelOf, nowS } from '../call.ts'
import { noCounts } from '../counts.ts'
import { base64Of, vectorOf } from '../embedding.ts'
import { generate } from '../generate.ts'
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../json.ts'
import { Refusal } from '../refusal.ts'
import { countTokens } from '../text.ts'
import { stopsOf } from './ask.ts'

/** `POST /v1/completions`, the API before chat: one prompt, or several with a choice each. */
export function textCompletion(call: Call): Answer {
  const body = bodyObject(call)
  const model = modelOf(body['model'])
  const prompts = typeof body['prompt'] === 'string' ? [body['prompt']] : listOf(body['prompt']).map(String)
  const ask: Ask = {
    ...plainAsk,
    model,
    prompt: prompts.at(-1) ?? '',
    inputTokens: Math.max(
      1,
      prompts.reduce((sum, prompt) => sum + countTokens(prompt), 0),
    ),
    maxOutputTokens: numberOf(body['max_tokens']) ?? 16,
    choices: Math.max(1, prompts.length) * (numberOf(body['n']) ?? 1),
    stop: stopsOf(body['stop']),
  }
  // The usage here has no word for what was cached, so that is not on the bill.
  const made = generate(ask, { ...call.directives, cached: 0 }, call.world.seed)
  const { counts } = made
  const usage = {
    prompt_tokens: counts.inputTokens,
    completion_tokens: counts.outputTokens,
    total_tokens: counts.inputTokens + counts.outputTokens,
  }
  const id = `cmpl-${call.id}`
  const head = { id, object: 'text_completion', created: nowS(call), model: model.served }
  const common = { status: 200, id, charge: chargeOf(model, counts) }
  const shown = call.directives.noUsage !== true
  if (body['stream'] !== true) {
    const choices = made.choices.map(({ pieces, finish }, index) => {
      return { text: pieces.join(''), index, logprobs: null, finish_reason: finish }
    })
    const text = JSON.stringify({ ...head, choices, ...(shown ? { usage } : {}) })
    return { ...common, headers: jsonHeaders, body: text, repeatable: true }
  }
  const options = body['stream_options']
  const asked = shown && isObject(options) && options['include_usage'] === true
  const events: WireEvent[] = []
  let outputTokens = 0
  const emit = (rest: JsonObject) =>
    events.push({ text: `data: ${JSON.stringify({ ...head, ...rest })}\n\n`, outputTokens })
  const tail: JsonObject = asked ? { usage: null } : {}
  for (const [index, { pieces, finish }] of made.choices.entries()) {
    if (index === 0) outputTokens += made.reasoning.length
    for (const [i, text] of pieces.entries()) {
      outputTokens++
      const finish_reason = i === pieces.length - 1 ? finish : null
      emit({ choices: [{ text, index, logprobs: null, finish_reason }], ...tail })
    }
  }
  if (asked) emit({ choices: [], usage })
  events.push({ text: 'data: [DONE]\n\n', outputTokens })
  return { ...common, headers: eventHeaders, body: events, repeatable: false }
}

const plainAsk = {
  answersTool: false,
  imageInputTokens: 0,
  audioInputTokens: 0,
  tools: [],
  toolChoice: { kind: 'none' },
  parallelTools: false,
  format: { kind: 'text' },
  reasoningTokens: 0,
  searchesWeb: false,
} as const

/** `POST /v1/embeddings`: texts or token lists, as floats or base64. */
export function embeddings(call: Call): Answer {
  const body = bodyObject(call)
  const model = modelOf(body['model'])
  const input = body['input']
  if (input === undefined) throw new Refusal(400, "Missing required parameter: 'input'.", null, 'input')
  const isTokens = Array.isArray(input) && typeof input[0] === 'number'
  const items = typeof input === 'string' || isTokens ? [input] : listOf(input)
  const size = numberOf(body['dimensions']) ?? (model.name.endsWith('large') ? 3072 : 1536)
  const asBase64 = body['encoding_format'] === 'base64'
  const data = items.map((item, index) => {
    const vector = vectorOf(textOf(item) ?? JSON.stringify(item), size)
    return { object: 'embedding', index, embedding: asBase64 ? base64Of(vector) : vector }
  })
  const counted = items.reduce<number>((sum, item) => sum + tokensOfInput(item), 0)
  const inputTokens = call.directives.input ?? Math.max(1, counted)
  const usage = { prompt_tokens: inputTokens, total_tokens: inputTokens }
  const shown = call.directives.noUsage ? {} : { usage }
  const text = JSON.stringify({ object: 'list', data, model: model.served, ...shown })
  const charge = chargeOf(model, { ...noCounts, inputTokens })
  return { status: 200, headers: jsonHeaders, body: text, id: `req_${call.id}`, charge, repeatable: true }
}

function tokensOfInput(item: unknown): number {
  return typeof item === 'string' ? countTokens(item) : listOf(item).length
}
