import type { EndpointName } from '#core/ledger/entry.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import { matchEndpoint } from '#providers/endpoints.ts'
import type { BatchState } from '#providers/meter.ts'
import type { AnswerReader, Findings } from './findings.ts'
import { countOf, idOf, nameOf, objectOf } from './json.ts'
import { createFreeReader } from './openai-other.ts'

/** Source: https://platform.openai.com/docs/api-reference/batch/object (status). */
const finalStatuses: ReadonlySet<unknown> = new Set(['completed', 'failed', 'expired', 'cancelled'])

/** Reads what is said of batches: nothing of it costs, but it tells where their results, which do, will be. */
export function createBatchesReader(findings: Findings): AnswerReader {
  const free = createFreeReader(findings)
  return {
    ...free,
    whole(json, source) {
      free.whole(json, source)
      const { data } = json
      findings.batches = (Array.isArray(data) ? data : [json]).flatMap((one) => (isObject(one) ? statesOf(one) : []))
    },
  }
}

/** One, or none where it is no batch. */
function statesOf(json: JsonObject): BatchState[] {
  const id = idOf(json['id'])
  if (id === undefined) return []
  if (json['object'] === 'batch') {
    const over = finalStatuses.has(json['status'])
    const resultsId = idOf(json['output_file_id']) ?? null
    return [{ id, over, resultsId, endpoint: endpointOf(json['endpoint']), model: nameOf(json['model']) ?? null }]
  }
  if (json['type'] !== 'message_batch') return []
  // Source: https://docs.anthropic.com/en/api/retrieving-message-batches (processing_status, request_counts).
  const over = json['processing_status'] === 'ended'
  const nothing = countOf(objectOf(json['request_counts'])?.['succeeded']) === 0
  return [{ id, over, resultsId: over && !nothing ? id : null, endpoint: 'messages', model: null }]
}

/** `/v1/images/generations` is known; of what is not metered otherwise (`/v1/videos`) nothing can be read either. */
function endpointOf(path: unknown): EndpointName | null {
  if (typeof path !== 'string') return null
  const match = matchEndpoint('POST', path)
  return match?.metered === true ? match.endpoint : 'other'
}
