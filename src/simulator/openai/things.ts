import { type Answer, chargeOf, plainAnswer } from '../answer.ts'
import { bodyObject, type Call, modelOf, nowS } from '../call.ts'
import { noCounts } from '../counts.ts'
import { getGoogleModel, listGoogleModels } from '../google/other.ts'
import { type JsonObject, listOf } from '../json.ts'
import { type Model, models } from '../models.ts'
import { readForm } from '../multipart.ts'
import { Refusal } from '../refusal.ts'
import type { StoredFile } from '../shelf.ts'
import { fileOf } from './media.ts'

/** `GET /v1/models`, in Anthropic's or Google's shape for clients that carry their key in those vendors' ways. */
export function listModels(call: Call): Answer {
  const id = `req_${call.id}`
  if (isGoogle(call)) return listGoogleModels(call)
  if (!isAnthropic(call)) return plainAnswer(id, { object: 'list', data: models.map(openaiModel) })
  const data = models.filter((model) => model.vendor === 'anthropic').map(anthropicModel)
  const ends = { first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null }
  return plainAnswer(id, { data, has_more: false, ...ends })
}

/** `GET /v1/models/{model}`. */
export function getModel(call: Call): Answer {
  if (isGoogle(call)) return getGoogleModel(call)
  const model = modelOf(call.params[0])
  return plainAnswer(`req_${call.id}`, isAnthropic(call) ? anthropicModel(model) : openaiModel(model))
}

function isAnthropic(call: Call): boolean {
  return call.received.headers['anthropic-version'] !== undefined
}

function isGoogle(call: Call): boolean {
  return call.received.headers['x-goog-api-key'] !== undefined || call.received.query.has('key')
}

function openaiModel(model: Model): JsonObject {
  return { id: model.name, object: 'model', created: 1_735_689_600, owned_by: model.vendor }
}

function anthropicModel(model: Model): JsonObject {
  return { type: 'model', id: model.served, display_name: model.name, created_at: '2025-09-29T00:00:00Z' }
}

const categories = [
  ...['harassment', 'harassment/threatening', 'sexual', 'sexual/minors', 'hate', 'hate/threatening', 'illicit'],
  ...['illicit/violent', 'self-harm', 'self-harm/intent', 'self-harm/instructions', 'violence', 'violence/graphic'],
]

/** `POST /v1/moderations`: free; flags what says "kill". */
export function moderations(call: Call): Answer {
  const body = bodyObject(call)
  const model = modelOf(body['model'] ?? 'omni-moderation-latest')
  const input = body['input']
  const inputs = typeof input === 'string' ? [input] : listOf(input)
  const results = inputs.map((one) => {
    const flagged = JSON.stringify(one).includes('kill')
    const is = (name: string) => flagged && name === 'violence'
    return {
      flagged,
      categories: Object.fromEntries(categories.map((name) => [name, is(name)])),
      category_scores: Object.fromEntries(categories.map((name) => [name, is(name) ? 0.98 : 0.00001])),
      category_applied_input_types: Object.fromEntries(categories.map((name) => [name, ['text']])),
    }
  })
  const answer = plainAnswer(`modr-${call.id}`, { id: `modr-${call.id}`, model: model.served, results })
  return { ...answer, charge: chargeOf(model, noCounts) }
}

/** `POST /v1/files`. */
export function createFile(call: Call): Answer {
  const form = readForm(call.received)
  if (form === null) throw new Refusal(400, 'Expected multipart/form-data.')
  const { name, bytes, content } = fileOf(form)
  const id = `file-${call.id}`
  const purpose = form.fields.get('purpose') ?? 'user_data'
  const file = { id, object: 'file', bytes, created_at: nowS(call), filename: name, purpose, status: 'processed' }
  call.world.files.put(id, { file, content })
  return plainAnswer(id, file)
}

export function listFiles(call: Call): Answer {
  const data = call.world.files.all().map(({ file }) => file)
  return plainAnswer(`req_${call.id}`, { object: 'list', data, has_more: false })
}

export function getFile(call: Call): Answer {
  return plainAnswer(`req_${call.id}`, storedFile(call).file)
}

export function fileContent(call: Call): Answer {
  const headers = { 'content-type': 'application/octet-stream' }
  const body = storedFile(call).content
  return { status: 200, headers, body, id: `req_${call.id}`, charge: null, repeatable: false }
}

export function deleteFile(call: Call): Answer {
  storedFile(call)
  call.world.files.remove(call.params[0] ?? '')
  return plainAnswer(`req_${call.id}`, { id: call.params[0], object: 'file', deleted: true })
}

function storedFile(call: Call): StoredFile {
  const found = call.world.files.get(call.params[0] ?? '')
  if (!found) throw new Refusal(404, `No such File object: ${call.params[0]}`, null, 'id')
  return found
}
