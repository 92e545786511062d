import type { ReportedUsage } from '#core/usage/reported.ts'
import { errorIn } from './errors.ts'
import type { AnswerReader, Findings } from './findings.ts'
import { countIn, type JsonObject, objectIn, objectsIn, present } from './json.ts'

/**
 * Reads Cohere's own API: what it bills is `billed_units`, which is less than the tokens it counts.
 * Source: https://docs.cohere.com/v2/reference/chat and its recordings.
 */
export function createCohereReader(findings: Findings): AnswerReader {
  let usage: JsonObject | null = null
  return {
    event(json) {
      const delta = objectIn(json, 'delta')
      const message = objectIn(delta, 'message')
      switch (json['type']) {
        case 'message-start':
          return findings.nameResponse(json['id'])
        case 'content-delta': {
          const content = objectIn(message, 'content')
          return findings.addText(content?.['text'] ?? content?.['thinking'])
        }
        case 'tool-plan-delta':
          return findings.addText(message?.['tool_plan'])
        case 'tool-call-start':
        case 'tool-call-delta': {
          const call = objectIn(objectIn(message, 'tool_calls'), 'function')
          findings.addText(call?.['name'])
          return findings.addText(call?.['arguments'])
        }
        case 'message-end':
          usage = objectIn(delta, 'usage') ?? usage
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
      usage = objectIn(json, 'usage') ?? objectIn(json, 'meta') ?? null
      const message = objectIn(json, 'message')
      findings.addText(message?.['tool_plan'])
      for (const part of objectsIn(message, 'content')) findings.addText(part['text'] ?? part['thinking'])
      for (const call of objectsIn(message, 'tool_calls')) findings.addText(objectIn(call, 'function')?.['arguments'])
      findings.complete = findings.error === null
    },
    usage() {
      const tokens = objectIn(usage ?? undefined, 'tokens')
      const billed = objectIn(usage ?? undefined, 'billed_units')
      if (usage === null || (tokens === undefined && billed === undefined)) return null
      return present<ReportedUsage>({
        inputTokens: countIn(tokens, 'input_tokens') ?? countIn(billed, 'input_tokens'),
        cachedInputTokens: countIn(usage, 'cached_tokens'),
        outputTokens: countIn(tokens, 'output_tokens') ?? countIn(billed, 'output_tokens'),
        billedInputTokens: countIn(billed, 'input_tokens'),
        billedOutputTokens: countIn(billed, 'output_tokens'),
        searchUnits: countIn(billed, 'search_units'),
      })
    },
  }
}
