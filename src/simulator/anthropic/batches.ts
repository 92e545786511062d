import { type Answer, plainAnswer } from '../answer.ts'
import { bodyObject, type Call } from '../call.ts'
import { isObject, type JsonObject, objectsOf, textOf } from '../json.ts'
import { errorBody, Refusal } from '../refusal.ts'
import type { StoredMessageBatch } from '../shelf.ts'
import { wholeMessage } from './message.ts'
import { messageFor } from './messages.ts'

/**
 * `POST /v1/messages/batches`. Processed at once, and not on the bill: a batch is billed when its results are read off
 * by other means.
 */
export function createMessageBatch(call: Call): Answer {
  const requests = objectsOf(bodyObject(call)['requests'])
  if (requests.length === 0) throw new Refusal(400, 'requests: List should have at least 1 item')
  const id = `msgbatch_01${call.id}`
  const lines: string[] = []
  let succeeded = 0
  for (const [i, request] of requests.entries()) {
    const result = resultOf(call, request, i)
    if (result['type'] === 'succeeded') succeeded++
    lines.push(JSON.stringify({ custom_id: request['custom_id'] ?? `${i}`, result }))
  }
  const at = new Date(call.nowMs).toISOString()
  const batch: JsonObject = {
    id,
    type: 'message_batch',
    processing_status: 'ended',
    request_counts: { processing: 0, succeeded, errored: requests.length - succeeded, canceled: 0, expired: 0 },
    ended_at: at,
    created_at: at,
    expires_at: new Date(call.nowMs + 86_400_000).toISOString(),
    archived_at: null,
    cancel_initiated_at: null,
    results_url: `https://api.anthropic.com/v1/messages/batches/${id}/results`,
  }
  call.world.messageBatches.put(id, { batch, results: `${lines.join('\n')}\n` })
  return plainAnswer(id, { ...batch, processing_status: 'in_progress', ended_at: null, results_url: null })
}

export function getMessageBatch(call: Call): Answer {
  return plainAnswer(`req_${call.id}`, stored(call).batch)
}

export function listMessageBatches(call: Call): Answer {
  const data = call.world.messageBatches.all().map(({ batch }) => batch)
  return plainAnswer(`req_${call.id}`, { data, has_more: false, first_id: null, last_id: null })
}

export function messageBatchResults(call: Call): Answer {
  const { results } = stored(call)
  const headers = { 'content-type': 'application/x-jsonl' }
  return { status: 200, headers, body: results, id: `req_${call.id}`, charge: null, repeatable: false }
}

export function deleteMessageBatch(call: Call): Answer {
  const { batch } = stored(call)
  call.world.messageBatches.remove(String(batch['id']))
  return plainAnswer(`req_${call.id}`, { id: batch['id'], type: 'message_batch_deleted' })
}

function stored(call: Call): StoredMessageBatch {
  const found = call.world.messageBatches.get(call.params[0] ?? '')
  if (!found) throw new Refusal(404, `Could not find a batch with id ${call.params[0]}.`)
  return found
}

function resultOf(call: Call, request: JsonObject, index: number): JsonObject {
  const params = request['params']
  try {
    if (!isObject(params)) throw new Refusal(400, 'params: Field required')
    const id = `${call.id.slice(0, 20)}${textOf(request['custom_id'])?.length ?? 0}${index}`
    return { type: 'succeeded', message: wholeMessage(messageFor({ ...call, id }, params)) }
  } catch (fault) {
    if (!(fault instanceof Refusal)) throw fault
    return { type: 'errored', error: errorBody('anthropic', fault, `req_${call.id}`) }
  }
}
