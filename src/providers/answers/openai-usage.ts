import type { ReportedPass, ReportedUsage } from '#core/usage/reported.ts'
import type { Accent } from './accents.ts'
import { countIn, type JsonObject, objectIn, present, sumOf } from './json.ts'

/**
 * `usage` of chat completions and completions. Cached and written tokens are part of `prompt_tokens`, also where the
 * model behind is not OpenAI's. Numbers that contradict each other stay as they were reported.
 *
 * Source: https://platform.openai.com/docs/api-reference/chat/object#usage and the accents' recordings.
 */
export function chatUsage(usage: JsonObject, accent: Accent, model: string | null): ReportedUsage {
  const prompt = objectIn(usage, 'prompt_tokens_details')
  const completion = objectIn(usage, 'completion_tokens_details')
  const audio = countIn(prompt, 'audio_tokens')
  const total = countIn(usage, 'total_tokens')
  const promptTokens = countIn(usage, 'prompt_tokens')
  const output = chatOutput(usage, accent, model)
  const audioBeside =
    accent.audioBesidePrompt === true &&
    total !== undefined &&
    total === sumOf(promptTokens, audio, countIn(usage, 'completion_tokens'))
  return present<ReportedUsage>({
    inputTokens: audioBeside ? sumOf(promptTokens, audio) : promptTokens,
    cachedInputTokens:
      countIn(prompt, 'cached_tokens') ??
      countIn(usage, 'prompt_cache_hit_tokens') ??
      countIn(usage, 'cache_read_input_tokens') ??
      countIn(usage, 'cached_tokens'),
    cacheWriteTokens: countIn(prompt, 'cache_write_tokens') ?? countIn(usage, 'cache_creation_input_tokens'),
    audioInputTokens: audio,
    imageInputTokens: countIn(prompt, 'image_tokens'),
    videoInputTokens: countIn(prompt, 'video_tokens'),
    outputTokens: output.outputTokens,
    reasoningTokens: output.reasoningTokens,
    audioOutputTokens: countIn(completion, 'audio_tokens'),
    imageOutputTokens: countIn(completion, 'image_tokens'),
    totalTokens: total,
    webSearchRequests:
      countIn(objectIn(usage, 'server_tool_use'), 'web_search_requests') ?? countIn(usage, 'num_search_queries'),
    webSearchSources: countIn(usage, 'num_sources_used'),
  })
}

interface Output {
  readonly outputTokens: number | undefined
  readonly reasoningTokens: number | undefined
}

/** Brings completion and reasoning to one meaning: reasoning is part of the output. */
function chatOutput(usage: JsonObject, accent: Accent, model: string | null): Output {
  const prompt = countIn(usage, 'prompt_tokens')
  const completion = countIn(usage, 'completion_tokens')
  const total = countIn(usage, 'total_tokens')
  const reasoning =
    countIn(objectIn(usage, 'completion_tokens_details'), 'reasoning_tokens') ?? countIn(usage, 'reasoning_tokens')
  const inside: Output = { outputTokens: completion, reasoningTokens: reasoning }
  const beside: Output = { outputTokens: sumOf(completion, reasoning), reasoningTokens: reasoning }
  if (accent.reasoningBesideFor !== undefined && model?.startsWith(accent.reasoningBesideFor) === true) return beside
  switch (accent.reasoning) {
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
  const input = objectIn(usage, 'input_tokens_details') ?? objectIn(usage, 'input_token_details')
  const output = objectIn(usage, 'output_tokens_details') ?? objectIn(usage, 'output_token_details')
  return present<ReportedPass>({
    inputTokens: countIn(usage, 'input_tokens'),
    cachedInputTokens: countIn(input, 'cached_tokens'),
    cacheWriteTokens: countIn(input, 'cache_write_tokens'),
    textInputTokens: countIn(input, 'text_tokens'),
    audioInputTokens: countIn(input, 'audio_tokens'),
    imageInputTokens: countIn(input, 'image_tokens'),
    outputTokens: countIn(usage, 'output_tokens'),
    reasoningTokens: countIn(output, 'reasoning_tokens'),
    textOutputTokens: countIn(output, 'text_tokens'),
    audioOutputTokens: countIn(output, 'audio_tokens'),
    imageOutputTokens: countIn(output, 'image_tokens'),
    totalTokens: countIn(usage, 'total_tokens'),
  })
}
