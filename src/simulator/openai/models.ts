import { type Answer, plainAnswer } from '../answer.ts'
import { type Call, modelOf } from '../call.ts'
import { getGoogleModel, listGoogleModels } from '../google/models.ts'
import type { JsonObject } from '../json.ts'
import { type Model, models } from '../models.ts'

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
