import { type Answer, chargeOf, jsonHeaders } from '../answer.ts'
import { inputTokensOf } from '../ask.ts'
import { bodyObject, type Call, modelOf } from '../call.ts'
import { noCounts } from '../counts.ts'
import { vectorOf } from '../embedding.ts'
import { isObject, type JsonObject, numberOf, objectsOf } from '../json.ts'
import { Refusal } from '../refusal.ts'
import { either, tallyOf } from './ask.ts'

/** `POST …/models/{model}:embedContent`. Reports no usage, as the real one does not; the bill has it. */
export function embedContent(call: Call): Answer {
  const { values, tokens } = embed(bodyObject(call))
  return embedded(call, JSON.stringify({ embedding: { values } }), tokens)
}

/** `POST …/models/{model}:batchEmbedContents`. */
export function batchEmbedContents(call: Call): Answer {
  const requests = objectsOf(bodyObject(call)['requests'])
  if (requests.length === 0) throw new Refusal(400, '* BatchEmbedContentsRequest.requests: requests is not specified')
  const all = requests.map(embed)
  const tokens = all.reduce((sum, one) => sum + one.tokens, 0)
  return embedded(call, JSON.stringify({ embeddings: all.map(({ values }) => ({ values })) }), tokens)
}

function embed(request: JsonObject): { values: number[]; tokens: number } {
  const content = isObject(request['content']) ? request['content'] : {}
  const tally = tallyOf([content], undefined)
  const size = numberOf(either(request, 'outputDimensionality')) ?? 768
  return { values: vectorOf(tally.prompt, size), tokens: inputTokensOf(tally) }
}

function embedded(call: Call, body: string, inputTokens: number): Answer {
  const model = modelOf(call.params[0])
  const charge = chargeOf(model, { ...noCounts, inputTokens })
  return { status: 200, headers: jsonHeaders, body, id: `req_${call.id}`, charge, repeatable: false }
}
