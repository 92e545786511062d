import type { ReportedPass, ReportedUsage } from '#core/usage/reported.ts'
import type { JsonObject } from '#lib/json-object.ts'
import type { Writable } from '#lib/writable.ts'
import type { Accent } from './accents.ts'
import { countOf, objectOf, present, sumOf } from './json.ts'

/**
 * `usage` of chat completions and completions. Cached and written tokens are part of `prompt_tokens`, also where the
 * model behind is not OpenAI's. Numbers that contradict each other stay as they were reported.
 *
 * Source: https://platform.openai.com/docs/api-reference/chat/object#usage and the accents' recordings.
 */
export function chatUsage(usage: JsonObject, accent: Accent, model: string | null): ReportedUsage {
  const prompt = objectOf(usage['prompt_tokens_details'])
  const completion = objectOf(usage['completion_tokens_details'])
  const audio = countOf(prompt?.['audio_tokens'])
  const total = countOf(usage['total_tokens'])
  const promptTokens = countOf(usage['prompt_tokens'])
  const output = chatOutput(usage, accent, model)
  const audioBeside =
    accent.audioBesidePrompt === true &&
    total !== undefined &&
    total === sumOf(promptTokens, audio, countOf(usage['completion_tokens']))
  // Member by member rather than by `present`: most answers of all come through here.
  const reported: Writable<ReportedUsage> = {}
  const inputTokens = audioBeside ? sumOf(promptTokens, audio) : promptTokens
  const cached =
    countOf(prompt?.['cached_tokens']) ??
    countOf(usage['prompt_cache_hit_tokens']) ??
    countOf(usage['cache_read_input_tokens']) ??
    countOf(usage['cached_tokens'])
  const written =
    countOf(prompt?.['cache_write_tokens']) ??
    countOf(prompt?.['cache_creation_tokens']) ??
    countOf(prompt?.['cache_creation_input_tokens']) ??
    countOf(usage['cache_creation_input_tokens'])
  const image = countOf(prompt?.['image_tokens'])
  const video = countOf(prompt?.['video_tokens'])
  const audioOut = countOf(completion?.['audio_tokens'])
  const imageOut = countOf(completion?.['image_tokens'])
  const searches =
    countOf(objectOf(usage['server_tool_use'])?.['web_search_requests']) ?? countOf(usage['num_search_queries'])
  const sources = countOf(usage['num_sources_used'])
  // Perplexity: https://docs.perplexity.ai/getting-started/pricing
  const cited = countOf(usage['citation_tokens'])
  if (inputTokens !== undefined) reported.inputTokens = inputTokens
  if (cached !== undefined) reported.cachedInputTokens = cached
  if (written !== undefined) reported.cacheWriteTokens = written
  if (written !== undefined && written > 0) Object.assign(reported, splitOfWrites(usage, prompt))
  const cachedKinds = objectOf(prompt?.['cached_tokens_details'])
  if (cachedKinds !== undefined) Object.assign(reported, partsOfCached(cachedKinds))
  const traffic = objectOf(objectOf(usage['extra_properties'])?.['google'])?.['traffic_type']
  if (typeof traffic === 'string') reported.trafficType = traffic
  if (audio !== undefined) reported.audioInputTokens = audio
  if (image !== undefined) reported.imageInputTokens = image
  if (video !== undefined) reported.videoInputTokens = video
  if (output.outputTokens !== undefined) reported.outputTokens = output.outputTokens
  if (output.reasoningTokens !== undefined) reported.reasoningTokens = output.reasoningTokens
  if (audioOut !== undefined) reported.audioOutputTokens = audioOut
  if (imageOut !== undefined) reported.imageOutputTokens = imageOut
  if (total !== undefined) reported.totalTokens = total
  if (searches !== undefined) reported.webSearchRequests = searches
  const context = usage['search_context_size']
  if (typeof context === 'string') reported.searchContext = context
  if (cited !== undefined) reported.citationTokens = cited
  if (sources !== undefined) reported.webSearchSources = sources
  return reported
}

/**
 * Cache writes by lifetime: of relays to Claude as Anthropic says it (LiteLLM in the details, others beside them), of
 * OpenAI in words of its own.
 */
function splitOfWrites(usage: JsonObject, details: JsonObject | undefined): ReportedPass {
  const byMinutes =
    objectOf(details?.['cache_creation_token_details']) ??
    objectOf(details?.['cache_creation']) ??
    objectOf(usage['cache_creation'])
  return present<ReportedPass>({
    cacheWrite5mTokens: countOf(byMinutes?.['ephemeral_5m_input_tokens']),
    cacheWrite1hTokens: countOf(byMinutes?.['ephemeral_1h_input_tokens']),
    cacheWrite12hTokens: countOf(objectOf(details?.['cache_write_tokens_details'])?.['ttl_12h_tokens']),
  })
}

/** What of the cached tokens was sound or pictures, which have rates of their own. */
function partsOfCached(details: JsonObject | undefined): ReportedPass {
  return present<ReportedPass>({
    audioCachedTokens: countOf(details?.['audio_tokens']),
    imageCachedTokens: countOf(details?.['image_tokens']) ?? countOf(details?.['cached_image_tokens']),
  })
}

interface Output {
  readonly outputTokens: number | undefined
  readonly reasoningTokens: number | undefined
}

/** Brings completion and reasoning to one meaning: reasoning is part of the output. */
function chatOutput(usage: JsonObject, accent: Accent, model: string | null): Output {
  const prompt = countOf(usage['prompt_tokens'])
  const completion = countOf(usage['completion_tokens'])
  const total = countOf(usage['total_tokens'])
  const reasoning =
    countOf(objectOf(usage['completion_tokens_details'])?.['reasoning_tokens']) ?? countOf(usage['reasoning_tokens'])
  const inside: Output = { outputTokens: completion, reasoningTokens: reasoning }
  // Reasoning alone is not the output where the rest of it could not be read.
  const besideTokens = completion === undefined ? undefined : sumOf(completion, reasoning)
  const beside: Output = { outputTokens: besideTokens, reasoningTokens: reasoning }
  const other = accent.reasoningOf
  switch (other !== undefined && model?.startsWith(other.prefix) === true ? other.reasoning : accent.reasoning) {
    case 'inside':
      return inside
    case 'beside':
      return beside
    case 'beside-by-total':
      return total !== undefined && total === sumOf(prompt, completion) ? inside : beside
    case 'rest-of-total': {
      if (total === undefined || prompt === undefined || completion === undefined) return inside
      const rest = total - prompt - completion
      return rest > 0 ? { outputTokens: completion + rest, reasoningTokens: reasoning ?? rest } : inside
    }
  }
}

/**
 * `usage` of the Responses API, of images and of transcriptions: `input_tokens`, `output_tokens` and their details.
 * Reasoning is part of the output here, at xAI as well.
 */
export function responsesUsage(usage: JsonObject): ReportedPass {
  const input = objectOf(usage['input_tokens_details']) ?? objectOf(usage['input_token_details'])
  const output = objectOf(usage['output_tokens_details']) ?? objectOf(usage['output_token_details'])
  const written = countOf(input?.['cache_write_tokens'])
  return present<ReportedPass>({
    inputTokens: countOf(usage['input_tokens']),
    // Beside the details in what is said of pictures that a tool made.
    cachedInputTokens: countOf(input?.['cached_tokens']) ?? countOf(usage['cached_tokens']),
    ...partsOfCached(objectOf(input?.['cached_tokens_details']) ?? objectOf(usage['cached_tokens_details'])),
    cacheWriteTokens: written,
    ...(written === undefined || written === 0 ? {} : splitOfWrites(usage, input)),
    textInputTokens: countOf(input?.['text_tokens']),
    audioInputTokens: countOf(input?.['audio_tokens']),
    imageInputTokens: countOf(input?.['image_tokens']),
    outputTokens: countOf(usage['output_tokens']),
    reasoningTokens: countOf(output?.['reasoning_tokens']),
    textOutputTokens: countOf(output?.['text_tokens']),
    audioOutputTokens: countOf(output?.['audio_tokens']),
    imageOutputTokens: countOf(output?.['image_tokens']),
    totalTokens: countOf(usage['total_tokens']),
  })
}
