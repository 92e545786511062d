import type { ReportedPass, ReportedUsage } from '#core/usage/reported.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import { errorIn } from './errors.ts'
import type { AnswerReader, Findings } from './findings.ts'
import { countOf, nameOf, objectOf, present, sumOf, textOf } from './json.ts'
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

/**
 * Reads pictures: GPT image models count tokens by kind, DALL·E reports nothing. An SVG is written by a model of text,
 * from the picture of the other one: https://developers.openai.com/api/reference/resources/images (`svg_usage`).
 */
export function createImagesReader(findings: Findings): AnswerReader {
  return createPlainReader(
    findings,
    (usage, json) => {
      const author = objectOf(json['svg_usage'])
      const own = responsesUsage(usage)
      if (author === undefined) return own
      const written = responsesUsage(author)
      const reasoningTokens = countOf(author['reasoning_tokens'])
      const passes = [own, present<ReportedPass>({ ...written, reasoningTokens, model: nameOf(author['model']) ?? '' })]
      return present<ReportedUsage>({
        inputTokens: sumOf(own.inputTokens, written.inputTokens),
        outputTokens: sumOf(own.outputTokens, written.outputTokens),
        reasoningTokens,
        iterations: passes,
        // Of the picture itself nothing was counted.
        imageGenerationRequests: own.outputTokens === undefined ? 1 : undefined,
      })
    },
    ({ svg_usage: author }) => (isObject(author) ? {} : undefined),
  )
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
  convert: (usage: JsonObject, json: JsonObject) => ReportedUsage | null,
  elsewhere: (json: JsonObject) => JsonObject | undefined = () => undefined,
): AnswerReader {
  let usage: ReportedUsage | null = null
  let cost: StatedCost = {}
  let pictures = 0

  const note = (json: JsonObject, source: string): void => {
    findings.nameModel(json['model'])
    findings.nameResponse(json['id'])
    findings.serviceTier = textOf(json['service_tier']) ?? findings.serviceTier
    const reported = objectOf(json['usage']) ?? elsewhere(json)
    if (reported !== undefined) {
      usage = convert(reported, json)
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
        if (type.startsWith('image_')) pictures += 1
        findings.ended = true
        findings.complete = findings.error === null
      }
    },
    whole(json, source) {
      note(json, source)
      findings.addText(json['text'])
      findings.complete = findings.error === null
    },
    usage: () => {
      if (usage === null) return null
      // Each picture of several ends with a report: nobody says whether the last one is of all of them.
      const more = pictures > 1 ? { imageGenerationRequests: pictures - 1 } : {}
      return { ...usage, ...more, ...cost, ...tierOf(findings) }
    },
  }
}

function tierOf(findings: Findings): ReportedUsage {
  return findings.serviceTier === undefined ? {} : { serviceTier: findings.serviceTier }
}
