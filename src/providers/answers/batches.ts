import type { BatchState } from '#providers/meter.ts'
import type { AnswerReader, Findings } from './findings.ts'
import { countIn, type JsonObject, objectIn, textIn } from './json.ts'
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
      findings.batch = stateOf(json)
    },
  }
}

function stateOf(json: JsonObject): BatchState | undefined {
  if (json['object'] === 'batch') {
    return { over: finalStatuses.has(json['status']), resultsId: textIn(json, 'output_file_id') ?? null }
  }
  if (json['type'] !== 'message_batch') return undefined
  // Source: https://docs.anthropic.com/en/api/retrieving-message-batches (processing_status, request_counts).
  const over = json['processing_status'] === 'ended'
  const nothing = countIn(objectIn(json, 'request_counts'), 'succeeded') === 0
  return { over, resultsId: over && !nothing ? (textIn(json, 'id') ?? null) : null }
}
