import type { ReportedUsage } from '#core/usage/reported.ts'
import { errorIn } from './errors.ts'
import type { AnswerReader, Findings } from './findings.ts'
import { countOf, type JsonObject, objectOf, present, textOf } from './json.ts'
import { responsesUsage } from './openai-usage.ts'
import { type StatedCost, statedCost } from './stated-cost.ts'

/** Reads embeddings: everything that is counted is input. */
export function createEmbeddingsReader(findings: Findings): AnswerReader {
  return createPlainReader(findings, (usage) => {
    const inputTokens =
      countOf(usage['prompt_tokens']) ?? countOf(usage['input_tokens']) ?? countOf(usage['total_tokens'])
    if (inputTokens === undefined) return null
    const details = objectOf(usage['prompt_tokens_details'])
    return present<ReportedUsage>({
      inputTokens,
      outputTokens: 0,
      cachedInputTokens: countOf(details?.['cached_tokens']),
      imageInputTokens: countOf(details?.['image_tokens']),
      totalTokens: countOf(usage['total_tokens']),
    })
  })
}

/** Reads pictures: GPT image models count tokens by kind, DALL·E reports nothing. */
export function createImagesReader(findings: Findings): AnswerReader {
  return createPlainReader(findings, responsesUsage)
}

/** Reads speech, transcriptions and translations: billed by tokens or by seconds. */
export function createAudioReader(findings: Findings): AnswerReader {
  return createPlainReader(
    findings,
    (usage) => {
      if (usage['type'] !== 'duration') return responsesUsage(usage)
      const seconds = usage['seconds']
      return typeof seconds === 'number' && seconds >= 0 ? { durationSeconds: seconds } : null
    },
    bareDuration,
  )
}

/** Whisper's verbose form before it had a usage object: it bills the seconds that it heard. */
function bareDuration(json: JsonObject): JsonObject | undefined {
  return typeof json['duration'] === 'number' ? { type: 'duration', seconds: json['duration'] } : undefined
}

/** Reads answers that are free or carry no usage: the model, the id and errors. */
export function createFreeReader(findings: Findings): AnswerReader {
  return createPlainReader(findings, () => null)
}

/** Events after which such a stream is over. Source: https://platform.openai.com/docs/api-reference/streaming. */
const lastEvents: ReadonlySet<string> = new Set([
  'image_generation.completed',
  'image_edit.completed',
  'transcript.text.done',
  'speech.audio.done',
])

function createPlainReader(
  findings: Findings,
  convert: (usage: JsonObject) => ReportedUsage | null,
  elsewhere: (json: JsonObject) => JsonObject | undefined = () => undefined,
): AnswerReader {
  let usage: ReportedUsage | null = null
  let cost: StatedCost = {}

  const note = (json: JsonObject, source: string): void => {
    findings.nameModel(json['model'])
    findings.nameResponse(json['id'])
    findings.serviceTier = textOf(json['service_tier']) ?? findings.serviceTier
    const reported = objectOf(json['usage']) ?? elsewhere(json)
    if (reported !== undefined) {
      usage = convert(reported)
      findings.usageFinal = true
      cost = statedCost(reported, source)
    }
    const error = errorIn(json)
    if (error !== null) {
      findings.error = error
      findings.ended = true
    }
  }

  return {
    event(json, source) {
      note(json, source)
      const type = json['type']
      if (type === 'transcript.text.delta') findings.addText(json['delta'])
      if (typeof type === 'string' && lastEvents.has(type)) {
        findings.ended = true
        findings.complete = findings.error === null
      }
    },
    whole(json, source) {
      note(json, source)
      findings.addText(json['text'])
      findings.complete = findings.error === null
    },
    usage: () => (usage === null ? null : { ...usage, ...cost, ...tierOf(findings) }),
  }
}

function tierOf(findings: Findings): ReportedUsage {
  return findings.serviceTier === undefined ? {} : { serviceTier: findings.serviceTier }
}
