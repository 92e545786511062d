import { type Answer, chargeOf, eventHeaders, jsonHeaders, plainAnswer } from '../answer.ts'
import { bodyObject, type Call, modelOf } from '../call.ts'
import type { Counts } from '../counts.ts'
import { generate } from '../generate.ts'
import type { JsonObject } from '../json.ts'
import { Refusal } from '../refusal.ts'
import { askFromMessages, shareCache } from './ask.ts'
import { type Message, wholeMessage } from './message.ts'
import { messageEvents } from './stream.ts'

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
