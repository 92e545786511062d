import { type Answer, plainAnswer } from '../answer.ts'
import { type Call, modelOf } from '../call.ts'
import type { JsonObject } from '../json.ts'
import { type Model, models } from '../models.ts'

/** `GET /v1beta/models`. */
export function listGoogleModels(call: Call): Answer {
  const all = models.filter((model) => model.vendor === 'google').map(describe)
  return plainAnswer(`req_${call.id}`, { models: all })
}

/** `GET /v1beta/models/{model}`. */
export function getGoogleModel(call: Call): Answer {
  return plainAnswer(`req_${call.id}`, describe(modelOf(call.params[0])))
}

function describe(model: Model): JsonObject {
  return {
    name: `models/${model.name}`,
    version: '001',
    displayName: model.name,
    description: 'A simulated model',
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: model.name.includes('embedding')
      ? ['embedContent']
      : ['generateContent', 'countTokens', 'batchGenerateContent'],
  }
}
