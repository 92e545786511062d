import { type Answer, plainAnswer } from '../answer.ts'
import { bodyObject, type Call, nowS } from '../call.ts'
import { isObject, type Json, type JsonObject, textOf } from '../json.ts'
import { errorBody, Refusal } from '../refusal.ts'
import type { StoredFile } from '../shelf.ts'
import { chatCompletion } from './chat.ts'

/**
 * `POST /v1/batches`: worked on at once where its file is here, otherwise kept as it is. Not on the bill: a batch is
 * billed when its results are read off by other means.
 */
export function createBatch(call: Call): Answer {
  const body = bodyObject(call)
  const input = textOf(body['input_file_id'])
  if (input === null) throw new Refusal(400, "Missing required parameter: 'input_file_id'.", null, 'input_file_id')
  const id = `batch_${call.id}`
  const batch = {
    ...{ id, object: 'batch', endpoint: body['endpoint'] ?? '', errors: null, input_file_id: input },
    ...{ completion_window: '24h', status: 'validating', output_file_id: null, error_file_id: null },
    created_at: nowS(call),
    expires_at: nowS(call) + 86_400,
    request_counts: { total: 0, completed: 0, failed: 0 },
    metadata: body['metadata'] ?? null,
  }
  call.world.batches.put(id, workedOn(call, batch, call.world.files.get(input)))
  return plainAnswer(id, batch)
}

export function listBatches(call: Call): Answer {
  return plainAnswer(`req_${call.id}`, { object: 'list', data: call.world.batches.all(), has_more: false })
}

export function getBatch(call: Call): Answer {
  return plainAnswer(`req_${call.id}`, storedBatch(call))
}

export function cancelBatch(call: Call): Answer {
  const cancelled = { ...storedBatch(call), status: 'cancelling', cancelling_at: nowS(call) }
  call.world.batches.put(call.params[0] ?? '', cancelled)
  return plainAnswer(`req_${call.id}`, cancelled)
}

function storedBatch(call: Call): JsonObject {
  const found = call.world.batches.get(call.params[0] ?? '')
  if (!found) throw new Refusal(404, `No batch found with id '${call.params[0]}'.`)
  return found
}

function workedOn(call: Call, batch: JsonObject, input: StoredFile | undefined): JsonObject {
  if (input === undefined) return batch
  const lines = input.content.toString().split('\n').filter(Boolean)
  const results = lines.map((line, n) => resultOf(call, line, n))
  const completed = results.filter(({ response }) => isObject(response) && response['status_code'] === 200).length
  const content = Buffer.from(`${results.map((result) => JSON.stringify(result)).join('\n')}\n`)
  const id = `file-${call.id}-output`
  const file = { id, object: 'file', bytes: content.length, created_at: nowS(call), purpose: 'batch_output' }
  call.world.files.put(id, { file, content })
  const counts = { total: lines.length, completed, failed: lines.length - completed }
  return { ...batch, status: 'completed', output_file_id: id, completed_at: nowS(call), request_counts: counts }
}

/** Chat completions are the only requests that are served here. */
function resultOf(call: Call, line: string, index: number): JsonObject {
  const asked: unknown = JSON.parse(line)
  const request: JsonObject = isObject(asked) ? asked : {}
  const id = `${call.id.slice(0, 20)}${index}`
  const common = { id: `batch_req_${id}`, custom_id: request['custom_id'] ?? null, error: null }
  try {
    if (request['url'] !== '/v1/chat/completions')
      throw new Refusal(400, 'Only chat completions are served in batches.')
    const body = Buffer.from(JSON.stringify(request['body'] ?? null))
    const answer = chatCompletion({ ...call, id, received: { ...call.received, body } })
    const answered: Json = JSON.parse(String(answer.body))
    return { ...common, response: { status_code: 200, request_id: id, body: answered } }
  } catch (fault) {
    if (!(fault instanceof Refusal)) throw fault
    const refused = { status_code: fault.status, request_id: id, body: errorBody('openai', fault, id) }
    return { ...common, response: refused }
  }
}
