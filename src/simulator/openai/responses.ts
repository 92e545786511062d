import { type Answer, chargeOf, eventHeaders, jsonHeaders, plainAnswer } from '../answer.ts'
import { bodyObject, type Call, modelOf, nowS } from '../call.ts'
import type { Counts } from '../counts.ts'
import { type Generation, generate, noCacheShare } from '../generate.ts'
import { isObject, type Json, type JsonObject, objectsOf } from '../json.ts'
import type { Model } from '../models.ts'
import { openaiPrefixes } from '../prompt-cache.ts'
import { Refusal } from '../refusal.ts'
import type { StoredResponse } from '../shelf.ts'
import { askFromResponses } from './responses-ask.ts'
import { responseEvents } from './responses-stream.ts'

/** `POST /v1/responses`: whole, streamed, or in the background. */
export function createResponse(call: Call): Answer {
  const body = bodyObject(call)
  const model = modelOf(body['model'])
  const made = madeOf(call, body, model)
  const id = `resp_${call.id}`
  const response = wholeResponse(call, body, made, model.served)
  const background = body['background'] === true
  // Half a second of work, so that a caller sees both states.
  const doneAtMs = background ? call.nowMs + 500 : 0
  if (body['store'] !== false) call.world.responses.put(id, { response, doneAtMs, cancelled: false })
  const common = { status: 200, id, charge: chargeOf(model, made.counts), repeatable: false }
  if (background && body['stream'] !== true) {
    return { ...common, headers: jsonHeaders, body: JSON.stringify(pending(response, 'queued')) }
  }
  if (body['stream'] !== true) return { ...common, headers: jsonHeaders, body: JSON.stringify(response) }
  const events = responseEvents(response, pending(response, 'in_progress'), made, call.id)
  return { ...common, headers: eventHeaders, body: events }
}

function madeOf(call: Call, body: JsonObject, model: Model): Generation {
  const ask = askFromResponses(body, model)
  let read = 0
  if (ask.inputTokens >= openaiPrefixes.minimumTokens) {
    const text = JSON.stringify([body['tools'] ?? null, body['instructions'] ?? null, body['input']])
    const scope = `${call.credential}|${model.name}`
    read = Math.min(call.world.promptCache.readPrefix(scope, text, openaiPrefixes, call.nowMs), ask.inputTokens)
  }
  return generate(ask, call.directives, call.world.seed, { ...noCacheShare, read })
}

/** `POST /v1/responses/compact`: what the user said, and all else in an item that nobody can read. */
export function compactResponse(call: Call): Answer {
  const body = bodyObject(call)
  const model = modelOf(body['model'])
  const made = madeOf(call, body, model)
  const said = objectsOf(body['input']).filter((item) => item['role'] === 'user')
  const summary = Buffer.from(made.choices[0]?.pieces.join('') ?? '').toString('base64')
  const id = `resp_${call.id}`
  const compacted = {
    id,
    object: 'response.compaction',
    created_at: nowS(call),
    output: [...said, { id: `cmp_${call.id}`, type: 'compaction', encrypted_content: summary }],
    usage: call.directives.noUsage ? null : usageOf(made.counts),
  }
  // It does not say which model it was.
  const charge = { ...chargeOf(model, made.counts), modelServed: '' }
  return { status: 200, headers: jsonHeaders, body: JSON.stringify(compacted), id, charge, repeatable: false }
}

/** `GET /v1/responses/{id}`: not billed again. */
export function getResponse(call: Call): Answer {
  const stored = storedOf(call)
  if (stored.cancelled) return plainAnswer(`req_${call.id}`, pending(stored.response, 'cancelled'))
  const done = stored.doneAtMs <= call.nowMs
  return plainAnswer(`req_${call.id}`, done ? stored.response : pending(stored.response, 'in_progress'))
}

/** `POST /v1/responses/{id}/cancel`: only jobs in the background that are still running. */
export function cancelResponse(call: Call): Answer {
  const stored = storedOf(call)
  if (stored.doneAtMs === 0) {
    throw new Refusal(400, 'Only responses created with background=true can be cancelled.', 'invalid_request')
  }
  if (stored.doneAtMs > call.nowMs) {
    call.world.responses.put(call.params[0] ?? '', { ...stored, cancelled: true })
    return plainAnswer(`req_${call.id}`, pending(stored.response, 'cancelled'))
  }
  return plainAnswer(`req_${call.id}`, stored.response)
}

/** `DELETE /v1/responses/{id}`. */
export function deleteResponse(call: Call): Answer {
  storedOf(call)
  call.world.responses.remove(call.params[0] ?? '')
  return plainAnswer(`req_${call.id}`, { id: call.params[0], object: 'response', deleted: true })
}

/** `GET /v1/responses/{id}/input_items`. */
export function listInputItems(call: Call): Answer {
  storedOf(call)
  return plainAnswer(`req_${call.id}`, { object: 'list', data: [], first_id: null, last_id: null, has_more: false })
}

/** `POST /v1/responses/input_tokens`: free. */
export function countInputTokens(call: Call): Answer {
  const body = bodyObject(call)
  const { inputTokens } = askFromResponses(body, modelOf(body['model']))
  return plainAnswer(`req_${call.id}`, { object: 'response.input_tokens', input_tokens: inputTokens })
}

function storedOf(call: Call): StoredResponse {
  const id = call.params[0] ?? ''
  const found = call.world.responses.get(id)
  if (!found) throw new Refusal(404, `Response with id '${id}' not found.`)
  return found
}

/** The response before there is anything in it. */
function pending(response: JsonObject, status: string): JsonObject {
  return { ...response, status, output: [], usage: null, incomplete_details: null }
}

function wholeResponse(call: Call, body: JsonObject, made: Generation, served: string): JsonObject {
  const cut = made.choices[0]?.finish === 'length'
  const reasoning = body['reasoning']
  const text = body['text']
  const limit = body['max_output_tokens']
  return {
    id: `resp_${call.id}`,
    object: 'response',
    created_at: nowS(call),
    status: cut ? 'incomplete' : 'completed',
    background: body['background'] === true,
    billing: { payer: 'developer' },
    error: null,
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    instructions: body['instructions'] ?? null,
    max_output_tokens: limit ?? null,
    max_tool_calls: null,
    model: served,
    output: outputOf(made, call.id),
    parallel_tool_calls: body['parallel_tool_calls'] !== false,
    previous_response_id: body['previous_response_id'] ?? null,
    prompt_cache_key: body['prompt_cache_key'] ?? null,
    reasoning: { effort: isObject(reasoning) ? (reasoning['effort'] ?? null) : null, summary: null },
    safety_identifier: null,
    service_tier: 'default',
    store: body['store'] !== false,
    temperature: body['temperature'] ?? 1,
    text: { format: isObject(text) ? (text['format'] ?? { type: 'text' }) : { type: 'text' }, verbosity: 'medium' },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: objectsOf(body['tools']),
    top_logprobs: 0,
    top_p: body['top_p'] ?? 1,
    truncation: 'disabled',
    usage: call.directives.noUsage ? null : usageOf(made.counts),
    user: null,
    metadata: body['metadata'] ?? {},
  }
}

function usageOf(counts: Counts): JsonObject {
  return {
    input_tokens: counts.inputTokens,
    input_tokens_details: { cached_tokens: counts.cachedInputTokens },
    output_tokens: counts.outputTokens,
    output_tokens_details: { reasoning_tokens: counts.reasoningTokens },
    total_tokens: counts.inputTokens + counts.outputTokens,
  }
}

/** Reasoning, searches, the message, calls: each an item with an id of its own. */
function outputOf(made: Generation, id: string): JsonObject[] {
  const output: JsonObject[] = []
  if (made.reasoning.length > 0) output.push({ id: `rs_${id}`, type: 'reasoning', summary: [] })
  for (const [i, query] of made.searches.entries()) {
    const action = { type: 'search', query, queries: [query] }
    output.push({ id: `ws_${id}${i}`, type: 'web_search_call', status: 'completed', action })
  }
  const choice = made.choices[0]
  if (choice && choice.toolCalls.length === 0) {
    const status = choice.finish === 'length' ? 'incomplete' : 'completed'
    output.push(messageItem(id, status, choice.pieces.join(''), made.searches.length > 0))
  }
  for (const one of choice?.toolCalls ?? []) {
    output.push({
      id: `fc_${one.key}`,
      type: 'function_call',
      status: 'completed',
      arguments: one.pieces.join(''),
      call_id: `call_${one.key}`,
      name: one.name,
    })
  }
  return output
}

function messageItem(id: string, status: string, text: string, cited: boolean): JsonObject {
  const citation = {
    type: 'url_citation',
    start_index: 0,
    end_index: 4,
    title: 'A simulated page',
    url: 'https://example.com/',
  }
  const annotations: Json[] = cited ? [citation] : []
  const content = [{ type: 'output_text', annotations, logprobs: [], text }]
  return { id: `msg_${id}`, type: 'message', status, content, role: 'assistant' }
}
