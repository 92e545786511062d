import { multipartParts } from '#lib/multipart.ts'
import type { EndpointMatch } from '../endpoints.ts'
import { noOtherModels, type RequestFacts, type RequestRefusal, refusal } from './facts.ts'
import { faultOfField, standsTwice } from './member-names.ts'
import { noReach, type RequestReach } from './reach.ts'

/** Longer fields are texts (prompts), which decide nothing. */
const mostFieldBytes = 1_024

const decidingFields: ReadonlySet<string> = new Set(['model', 'stream', 'n'])

/** Uploads whose providers refuse a call without a model. */
const needsModel: ReadonlySet<string> = new Set(['audio.transcriptions', 'audio.translations'])

/** Reads the fields that decide something out of a multipart body: `model`, `stream`, `n`. */
export function readMultipart(
  match: EndpointMatch,
  body: Buffer,
  boundary: string,
): { readonly kind: 'read'; readonly facts: RequestFacts; readonly reach: RequestReach } | RequestRefusal {
  const parts = multipartParts(body, boundary)
  if (parts === null) return refusal('invalid_request', 'the body is not multipart/form-data with the boundary named')
  const fields = new Map<string, string>()
  let chars = 0
  let hasMedia = false
  for (const part of parts) {
    if (part.filename !== null) hasMedia = true
    else chars += part.valueEnd - part.valueStart
    const fault = faultOfField(part.name, decidingFields)
    if (fault !== null) return fault
    if (!decidingFields.has(part.name)) continue
    if (fields.has(part.name)) return standsTwice(part.name)
    if (part.filename !== null || part.valueEnd - part.valueStart > mostFieldBytes) {
      return refusal('invalid_request', `"${part.name}" must be a plain short field`, part.name)
    }
    fields.set(part.name, body.toString('utf8', part.valueStart, part.valueEnd))
  }
  const model = fields.get('model') ?? ''
  if (model === '' && needsModel.has(match.endpoint)) {
    return refusal('invalid_request', 'you must name a model: the field "model" is missing', 'model')
  }
  const asked = Number(fields.get('n') ?? '1')
  const facts: RequestFacts = {
    dialect: match.dialect,
    model: model === '' ? null : model,
    otherModels: noOtherModels,
    stream: /^(true|1)$/i.test(fields.get('stream') ?? ''),
    outputLimitTokens: null,
    includeUsage: 'n/a',
    background: false,
    metadata: null,
    inputs: 1,
    inputChars: chars,
    hasMediaInput: hasMedia,
    boundary,
  }
  const reach: RequestReach = {
    ...noReach,
    textBytes: chars,
    inputUnbounded: hasMedia,
    mediaInput: hasMedia,
    cacheWrites: 'short',
    answers: Number.isSafeInteger(asked) && asked > 0 ? asked : 1,
    hiddenOutput: true,
  }
  return { kind: 'read', facts, reach }
}
