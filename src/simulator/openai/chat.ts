import { type Answer, chargeOf, eventHeaders, jsonHeaders, type WireEvent } from '../answer.ts'
import type { Ask } from '../ask.ts'
import { bodyObject, type Call, modelOf, nowS } from '../call.ts'
import type { Counts } from '../counts.ts'
import type { Directives } from '../directives.ts'
import {
  type CacheShare,
  type Choice,
  type Finish,
  type Generation,
  generate,
  noCacheShare,
  textOfChoice,
} from '../generate.ts'
import { isObject, type JsonObject } from '../json.ts'
import type { Tier } from '../price-list.ts'
import { deepseekPrefixes, openaiPrefixes } from '../prompt-cache.ts'
import { askFromChat } from './ask.ts'

const finishWords: Readonly<Record<Finish, string>> = { stop: 'stop', length: 'length', tool: 'tool_calls' }

/** `POST …/chat/completions`, in the accent of the vendor whose model is asked for. */
export function chatCompletion(call: Call): Answer {
  const body = bodyObject(call)
  const model = modelOf(body['model'])
  const ask = askFromChat(body, model)
  const told = tellsCached(ask) ? call.directives : { ...call.directives, cached: 0 }
  const made = generate(ask, told, call.world.seed, cacheShare(call, body, ask))
  const shape = shapeOf(call, ask, made, body)
  const tier = tierOf(ask, body)
  const charge = { ...chargeOf(model, made.counts), ...(tier && { tier }) }
  const common = { status: 200, id: shape.id, charge, repeatable: ask.inputTokens < 64 }
  if (body['stream'] !== true) {
    return { ...common, headers: jsonHeaders, body: JSON.stringify(wholeAnswer(shape, call.directives)) }
  }
  const options = body['stream_options']
  const usage = isObject(options) && options['include_usage'] === true
  return { ...common, headers: eventHeaders, body: streamEvents(shape, usage, call.directives) }
}

/** What the whole answer and the events have in common. */
interface Shape {
  readonly id: string
  readonly created: number
  readonly ask: Ask
  readonly made: Generation
  readonly usage: JsonObject
  readonly tier: string
}

function shapeOf(call: Call, ask: Ask, made: Generation, body: JsonObject): Shape {
  return {
    id: responseId(ask, call.id),
    created: nowS(call),
    ask,
    made,
    usage: usageOf(ask, made.counts),
    tier: tierOf(ask, body) ?? 'default',
  }
}

/** Only OpenAI has tiers to choose from here. */
function tierOf(ask: Ask, body: JsonObject): Tier | undefined {
  const asked = body['service_tier']
  return ask.model.vendor === 'openai' && (asked === 'flex' || asked === 'priority') ? asked : undefined
}

function responseId(ask: Ask, id: string): string {
  switch (ask.model.vendor) {
    case 'openai':
      return `chatcmpl-${id}`
    case 'anthropic':
      return `msg_01${id}`
    case 'google':
      return id
    case 'deepseek':
      return id
  }
}

/** The compatible endpoints of Anthropic and Google have no word for it: what nobody is told of is not on the bill. */
function tellsCached({ model: { vendor } }: Ask): boolean {
  return vendor === 'openai' || vendor === 'deepseek'
}

/** OpenAI caches prompts by itself from 1,024 tokens on, DeepSeek from 64. */
function cacheShare(call: Call, body: JsonObject, ask: Ask): CacheShare {
  const rules = { openai: openaiPrefixes, deepseek: deepseekPrefixes, google: null, anthropic: null }
  const rule = rules[ask.model.vendor]
  if (rule === null || ask.inputTokens < rule.minimumTokens) return noCacheShare
  const text = JSON.stringify([body['tools'] ?? null, body['messages']])
  const scope = `${call.credential}|${ask.model.name}`
  const read = call.world.promptCache.readPrefix(scope, text, rule, call.nowMs)
  return { ...noCacheShare, read: Math.min(read, ask.inputTokens) }
}

/** The four vendors' ways to say the same counts; Google's leaves thinking to be found as total minus parts. */
function usageOf(ask: Ask, counts: Counts): JsonObject {
  const prompt = counts.inputTokens
  const total = prompt + counts.outputTokens
  const whole = { prompt_tokens: prompt, completion_tokens: counts.outputTokens, total_tokens: total }
  switch (ask.model.vendor) {
    case 'openai':
      return {
        ...whole,
        prompt_tokens_details: { cached_tokens: counts.cachedInputTokens, audio_tokens: counts.audioInputTokens },
        completion_tokens_details: {
          reasoning_tokens: counts.reasoningTokens,
          audio_tokens: counts.audioOutputTokens,
          accepted_prediction_tokens: 0,
          rejected_prediction_tokens: 0,
        },
      }
    case 'deepseek':
      return {
        ...whole,
        prompt_tokens_details: { cached_tokens: counts.cachedInputTokens },
        ...(counts.reasoningTokens > 0
          ? { completion_tokens_details: { reasoning_tokens: counts.reasoningTokens } }
          : {}),
        prompt_cache_hit_tokens: counts.cachedInputTokens,
        prompt_cache_miss_tokens: prompt - counts.cachedInputTokens,
      }
    case 'google':
      return { ...whole, completion_tokens: counts.outputTokens - counts.reasoningTokens }
    case 'anthropic':
      return whole
  }
}

function wholeAnswer(shape: Shape, directives: Directives): JsonObject {
  const { ask, made } = shape
  return {
    id: shape.id,
    object: 'chat.completion',
    created: shape.created,
    model: ask.model.served,
    choices: made.choices.map((choice, index) => ({
      index,
      message: wholeMessage(ask, made, choice),
      logprobs: null,
      finish_reason: finishWords[choice.finish],
    })),
    ...(directives.noUsage ? {} : { usage: shape.usage }),
    service_tier: shape.tier,
    system_fingerprint: 'fp_simulated',
  }
}

function wholeMessage(ask: Ask, made: Generation, choice: Choice): JsonObject {
  return {
    role: 'assistant',
    content: textOfChoice(choice),
    ...(saysReasoning(ask) ? { reasoning_content: made.reasoning.join('') } : {}),
    ...(choice.toolCalls.length === 0
      ? {}
      : {
          tool_calls: choice.toolCalls.map((one) => ({
            id: `call_${one.key}`,
            type: 'function',
            function: { name: one.name, arguments: one.pieces.join('') },
          })),
        }),
    refusal: null,
    annotations: [],
  }
}

/** Only DeepSeek shows its reasoning in this API. */
function saysReasoning(ask: Ask): boolean {
  return ask.model.vendor === 'deepseek' && ask.model.reasoning !== 'never'
}

function streamEvents(shape: Shape, withUsage: boolean, directives: Directives): WireEvent[] {
  const { ask, made } = shape
  const events: WireEvent[] = []
  const head =
    `data: {"id":"${shape.id}","object":"chat.completion.chunk","created":${shape.created},` +
    `"model":${JSON.stringify(ask.model.served)},"service_tier":"${shape.tier}","system_fingerprint":"fp_simulated",`
  const tail = withUsage && !directives.noUsage ? ',"usage":null}\n\n' : '}\n\n'
  let outputTokens = 0
  const emit = (index: number, delta: unknown, tokens: number, finish: string | null = null) => {
    outputTokens += tokens
    const reason = finish === null ? 'null' : `"${finish}"`
    const choice = `{"index":${index},"delta":${JSON.stringify(delta)},"logprobs":null,"finish_reason":${reason}}`
    events.push({ text: `${head}"choices":[${choice}]${tail}`, outputTokens })
  }
  for (const [index, choice] of made.choices.entries()) {
    emit(index, { role: 'assistant', content: choice.toolCalls.length > 0 ? null : '', refusal: null }, 0)
    if (index === 0) {
      if (saysReasoning(ask))
        for (const piece of made.reasoning) emit(0, { content: null, reasoning_content: piece }, 1)
      else outputTokens += made.reasoning.length
    }
    for (const piece of choice.pieces) emit(index, { content: piece }, 1)
    emitToolCalls(choice, (delta, tokens) => emit(index, delta, tokens))
    emit(index, {}, 0, finishWords[choice.finish])
  }
  if (withUsage && !directives.noUsage) {
    const text = `${head}"choices":[],"usage":${JSON.stringify(shape.usage)}}\n\n`
    for (let i = 0; i < (directives.repeatUsage ?? 1); i++) events.push({ text, outputTokens })
  }
  events.push({ text: 'data: [DONE]\n\n', outputTokens })
  return events
}

function emitToolCalls(choice: Choice, emit: (delta: unknown, tokens: number) => void): void {
  for (const [index, one] of choice.toolCalls.entries()) {
    const head = { index, id: `call_${one.key}`, type: 'function', function: { name: one.name, arguments: '' } }
    emit({ tool_calls: [head] }, 0)
    for (const piece of one.pieces) emit({ tool_calls: [{ index, function: { arguments: piece } }] }, 1)
  }
}
