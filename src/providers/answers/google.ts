import type { ReportedUsage } from '#core/usage/reported.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import { errorIn } from './errors.ts'
import { type AnswerReader, type Findings, shownUsage } from './findings.ts'
import { countOf, objectOf, objectsOf, present, sumOf, textOf } from './json.ts'

/** Reads Gemini's native API. Source: https://ai.google.dev/api/generate-content#UsageMetadata and its recordings. */
export function createGenerateReader(findings: Findings): AnswerReader {
  let metadata: JsonObject | null = null
  /** The greatest visible answer that any report of the stream counted. */
  let greatestCandidates = 0
  /** The greatest of what the last report may leave out, though the answer has it. */
  const before: { [name in Carried]?: number } = {}
  /** The parts by kind, where the last report leaves them out. */
  let parts: JsonObject = {}
  const grounded: Grounding = { searches: new Set(), pages: false, maps: false }

  const take = (json: JsonObject): void => {
    findings.nameModel(json['modelVersion'])
    findings.nameResponse(json['responseId'])
    const error = errorIn(json)
    if (error !== null) {
      findings.error = error
      findings.ended = true
      findings.complete = false
    }
    const reported = objectOf(json['usageMetadata'])
    if (reported !== undefined) {
      metadata = reported
      for (const name of partLists) if (reported[name] !== undefined) parts = { ...parts, [name]: reported[name] }
      for (const name of carried) {
        const count = countOf(reported[name])
        if (count !== undefined) before[name] = Math.max(before[name] ?? 0, count)
      }
      greatestCandidates = Math.max(greatestCandidates, countOf(reported['candidatesTokenCount']) ?? 0)
      findings.serviceTier = textOf(reported['serviceTier']) ?? findings.serviceTier
    }
    for (const candidate of objectsOf(json['candidates'])) {
      takeCandidate(candidate, findings)
      noteGrounding(objectOf(candidate['groundingMetadata']), grounded)
      noteToolCalls(candidate, grounded)
    }
    if (objectOf(json['promptFeedback'])?.['blockReason'] !== undefined) {
      findings.ended = true
      findings.complete = findings.error === null
      findings.usageFinal = true
    }
  }

  return {
    event: take,
    whole(json) {
      take(json)
      findings.complete = findings.error === null
    },
    usage() {
      if (metadata === null) return null
      const usage = generateUsage({ ...parts, ...before, ...metadata })
      const leftOut = metadata['candidatesTokenCount'] === undefined ? greatestCandidates : 0
      return present<ReportedUsage>({
        ...usage,
        outputTokensLeftOut: leftOut === 0 ? undefined : leftOut,
        ...(findings.shown === null ? {} : shownUsage(findings.shown)),
        webSearchRequests: billedSearches(grounded, findings.model),
        mapsGroundingRequests: grounded.maps ? 1 : undefined,
      })
    },
  }
}

/**
 * Counts of which the last report of a stream is the last word only where it has them. What was thought or read from a
 * cache does not go away; the visible answer is in `outputTokensLeftOut`.
 */
const carried = [
  'promptTokenCount',
  'cachedContentTokenCount',
  'toolUsePromptTokenCount',
  'thoughtsTokenCount',
] as const

const partLists = [
  ...['promptTokensDetails', 'toolUsePromptTokensDetails', 'cacheTokensDetails', 'candidatesTokensDetails'],
]

type Carried = (typeof carried)[number]

/** What an answer rests on. Source: https://ai.google.dev/api/generate-content#GroundingMetadata. */
interface Grounding {
  readonly searches: Set<string>
  pages: boolean
  maps: boolean
}

function noteGrounding(metadata: JsonObject | undefined, grounded: Grounding): void {
  if (metadata === undefined) return
  addQueries(metadata['webSearchQueries'], grounded)
  addQueries(metadata['imageSearchQueries'], grounded)
  for (const chunk of objectsOf(metadata['groundingChunks'])) {
    if (isObject(chunk['web']) || isObject(chunk['image'])) grounded.pages = true
    if (isObject(chunk['maps'])) grounded.maps = true
  }
}

/**
 * Tools that Google ran are parts of the answer where the request asks for them (`includeServerSideToolInvocations`), with
 * or without metadata: `ToolCall` of the `@google/genai` package.
 */
function noteToolCalls(candidate: JsonObject, grounded: Grounding): void {
  for (const part of objectsOf(objectOf(candidate['content'])?.['parts'])) {
    const call = objectOf(part['toolCall'])
    const tool = textOf(call?.['toolType'])
    if (tool === 'GOOGLE_MAPS') grounded.maps = true
    if (tool?.startsWith('GOOGLE_SEARCH') !== true) continue
    grounded.pages = true
    addQueries(objectOf(call?.['args'])?.['queries'], grounded)
  }
}

/** Empty ones are not billed: https://ai.google.dev/gemini-api/docs/pricing */
function addQueries(queries: unknown, grounded: Grounding): void {
  if (!Array.isArray(queries)) return
  for (const query of queries) if (typeof query === 'string' && query !== '') grounded.searches.add(query)
}

/** Reads embedContent and batchEmbedContents; older models report nothing. */
export function createEmbedReader(findings: Findings): AnswerReader {
  let metadata: JsonObject | null = null
  const take = (json: JsonObject): void => {
    findings.error = errorIn(json)
    findings.complete = findings.error === null
    metadata = objectOf(json['usageMetadata']) ?? null
  }
  return {
    event: take,
    whole: take,
    usage: () =>
      metadata === null
        ? null
        : present<ReportedUsage>({
            inputTokens: countOf(metadata['promptTokenCount']),
            outputTokens: 0,
            ...byModality(metadata, ['promptTokensDetails', 'promptTokenDetails'], inputKinds),
          }),
  }
}

/** Reads the Interactions API. Source: https://ai.google.dev/gemini-api/docs/interactions. */
export function createInteractionsReader(findings: Findings): AnswerReader {
  let usage: JsonObject | null = null
  const take = (interaction: JsonObject): void => {
    findings.nameModel(interaction['model'])
    findings.nameResponse(interaction['id'])
    findings.status = textOf(interaction['status']) ?? findings.status
    findings.serviceTier = textOf(interaction['service_tier']) ?? findings.serviceTier
    usage = objectOf(interaction['usage']) ?? usage
  }
  return {
    event(json) {
      usage = objectOf(objectOf(json['metadata'])?.['usage']) ?? usage
      const interaction = objectOf(json['interaction'])
      if (interaction !== undefined) take(interaction)
      const delta = objectOf(json['delta'])
      findings.addText(delta?.['text'] ?? objectOf(delta?.['content'])?.['text'])
      const error = errorIn(json)
      if (error !== null) findings.error = error
      const type = json['event_type']
      if (type === 'interaction.completed' || error !== null) {
        findings.ended = true
        findings.complete = error === null
        findings.usageFinal = true
      }
    },
    whole(json) {
      take(json)
      findings.error = errorIn(json)
      for (const step of objectsOf(json['outputs'])) findings.addText(step['text'])
      findings.complete = findings.error === null
    },
    usage() {
      if (usage === null) return null
      const thoughts = countOf(usage['total_thought_tokens'])
      const toolUse = countOf(usage['total_tool_use_tokens'])
      return present<ReportedUsage>({
        inputTokens: sumOf(countOf(usage['total_input_tokens']), toolUse),
        cachedInputTokens: countOf(usage['total_cached_tokens']),
        toolUsePromptTokens: toolUse,
        outputTokens: sumOf(countOf(usage['total_output_tokens']), thoughts),
        reasoningTokens: thoughts,
        totalTokens: countOf(usage['total_tokens']),
        serviceTier: findings.serviceTier,
      })
    },
  }
}

/** Thinking stands beside the candidates, what tools fed in beside the prompt. Any field may be absent. */
function generateUsage(metadata: JsonObject): ReportedUsage {
  const prompt = countOf(metadata['promptTokenCount'])
  const toolUse = countOf(metadata['toolUsePromptTokenCount'])
  const thoughts = countOf(metadata['thoughtsTokenCount'])
  const total = countOf(metadata['totalTokenCount'])
  const input = prompt === undefined ? undefined : sumOf(prompt, toolUse)
  const candidates = countOf(metadata['candidatesTokenCount'])
  // Zero is not written: an answer of which only the prompt is counted has no output.
  const impliedOutput = total === undefined || input === undefined ? undefined : Math.max(0, total - input)
  return present<ReportedUsage>({
    inputTokens: input,
    cachedInputTokens: countOf(metadata['cachedContentTokenCount']),
    toolUsePromptTokens: toolUse,
    ...byModality(metadata, ['promptTokensDetails', 'toolUsePromptTokensDetails'], inputKinds),
    ...byModality(metadata, ['cacheTokensDetails'], cachedKinds),
    outputTokens: sumOf(candidates, thoughts) ?? impliedOutput,
    reasoningTokens: thoughts,
    ...byModality(metadata, ['candidatesTokensDetails'], outputKinds),
    totalTokens: total,
    serviceTier: textOf(metadata['serviceTier']),
    trafficType: textOf(metadata['trafficType']),
  })
}

type Kind =
  | `${'audio' | 'image' | 'video'}InputTokens`
  | `${'audio' | 'image' | 'video'}CachedTokens`
  | `${'audio' | 'image' | 'video'}OutputTokens`

type Kinds = ReadonlyMap<string, Kind>

const inputKinds: Kinds = new Map([
  ['AUDIO', 'audioInputTokens'],
  ['IMAGE', 'imageInputTokens'],
  ['VIDEO', 'videoInputTokens'],
])
const cachedKinds: Kinds = new Map([
  ['AUDIO', 'audioCachedTokens'],
  ['IMAGE', 'imageCachedTokens'],
  ['VIDEO', 'videoCachedTokens'],
])
const outputKinds: Kinds = new Map([
  ['AUDIO', 'audioOutputTokens'],
  ['IMAGE', 'imageOutputTokens'],
  ['VIDEO', 'videoOutputTokens'],
])

/** The parts by kind. Text is not read: it is the rest, and the parts need not add up to the whole. */
function byModality(metadata: JsonObject, lists: readonly string[], kinds: Kinds): ReportedUsage {
  const parts: { [kind in Kind]?: number } = {}
  for (const list of lists) {
    for (const detail of objectsOf(metadata[list])) {
      const kind = kinds.get(textOf(detail['modality']) ?? '')
      const count = countOf(detail['tokenCount'])
      if (kind !== undefined && count !== undefined) parts[kind] = (parts[kind] ?? 0) + count
    }
  }
  return parts
}

/**
 * Up to Gemini 2.5 grounding is billed per prompt, from Gemini 3 on per search query.
 * Source: https://ai.google.dev/gemini-api/docs/pricing (Grounding with Google Search).
 */
function billedSearches({ searches, pages }: Grounding, model: string | null): number | undefined {
  // Pages that a search found without a word of what was asked: Vertex's search for enterprises.
  if (searches.size === 0) return pages ? 1 : undefined
  return model !== null && /^gemini-[12]/.test(model) ? 1 : searches.size
}

function takeCandidate(candidate: JsonObject, findings: Findings): void {
  for (const part of objectsOf(objectOf(candidate['content'])?.['parts'])) {
    findings.addText(part['text'])
    const call = objectOf(part['functionCall'])
    if (call !== undefined) {
      findings.addText(call['name'])
      findings.addText(JSON.stringify(call['args'] ?? {}))
    }
    findings.addText(objectOf(part['executableCode'])?.['code'])
    const isPicture = textOf(objectOf(part['inlineData'])?.['mimeType'])?.startsWith('image/') === true
    if (isPicture && part['thought'] !== true) findings.shows().pictures = true
  }
  if (textOf(candidate['finishReason']) !== undefined) {
    findings.ended = true
    findings.complete = findings.error === null
    findings.usageFinal = true
  }
}
