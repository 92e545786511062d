import { type Answer, chargeOf, plainAnswer } from '../answer.ts'
import { bodyObject, type Call, modelOf } from '../call.ts'
import { noCounts } from '../counts.ts'
import { listOf } from '../json.ts'

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
