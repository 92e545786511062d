import type { ReportedUsage } from '#core/usage/reported.ts'
import type { JsonObject } from '#lib/json-object.ts'
import { errorIn } from './errors.ts'
import type { AnswerReader, Findings } from './findings.ts'
import { countOf, objectOf, objectsOf, present } from './json.ts'

/**
 * Reads Cohere's own API: what it bills is `billed_units`, which is less than the tokens it counts.
 * Source: https://docs.cohere.com/v2/reference/chat and its recordings.
 */
export function createCohereReader(findings: Findings): AnswerReader {
  let usage: JsonObject | null = null
  return {
    event(json) {
      const delta = objectOf(json['delta'])
      const message = objectOf(delta?.['message'])
      switch (json['type']) {
        case 'message-start':
          return findings.nameResponse(json['id'])
        case 'content-delta': {
          const content = objectOf(message?.['content'])
          return findings.addText(content?.['text'] ?? content?.['thinking'])
        }
        case 'tool-plan-delta':
          return findings.addText(message?.['tool_plan'])
        case 'tool-call-start':
        case 'tool-call-delta': {
          const call = objectOf(objectOf(message?.['tool_calls'])?.['function'])
          findings.addText(call?.['name'])
          return findings.addText(call?.['arguments'])
        }
        case 'message-end':
          usage = objectOf(delta?.['usage']) ?? usage
          findings.ended = true
          findings.complete = true
          findings.usageFinal = true
          return
        default:
          findings.error = errorIn(json) ?? findings.error
      }
    },
    whole(json) {
      findings.nameResponse(json['id'])
      findings.error = errorIn(json)
      usage = objectOf(json['usage']) ?? objectOf(json['meta']) ?? null
      const message = objectOf(json['message'])
      findings.addText(message?.['tool_plan'])
      for (const part of objectsOf(message?.['content'])) findings.addText(part['text'] ?? part['thinking'])
      for (const call of objectsOf(message?.['tool_calls'])) findings.addText(objectOf(call['function'])?.['arguments'])
      findings.complete = findings.error === null
    },
    usage() {
      const tokens = objectOf(usage?.['tokens'])
      const billed = objectOf(usage?.['billed_units'])
      if (usage === null || (tokens === undefined && billed === undefined)) return null
      return present<ReportedUsage>({
        inputTokens: countOf(tokens?.['input_tokens']) ?? countOf(billed?.['input_tokens']),
        cachedInputTokens: countOf(usage['cached_tokens']),
        outputTokens: countOf(tokens?.['output_tokens']) ?? countOf(billed?.['output_tokens']),
        billedInputTokens: countOf(billed?.['input_tokens']),
        billedOutputTokens: countOf(billed?.['output_tokens']),
        searchUnits: countOf(billed?.['search_units']),
      })
    },
  }
}
