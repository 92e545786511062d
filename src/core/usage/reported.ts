/**
 * provider: the provider's own count. estimated: counted here, because the provider's never came.
 * none: nothing to count (errors, free calls, APIs without usage).
 */
export type UsageSource = 'provider' | 'estimated' | 'none'

/**
 * What a provider reported, brought to one meaning: wholes contain their parts. An absent field was not reported,
 * which is not the same as zero.
 */
export interface ReportedUsage {
  /** All prompt tokens: uncached, cache reads, cache writes, tool-use prompt. */
  readonly inputTokens?: number
  readonly cachedInputTokens?: number
  readonly cacheWriteTokens?: number
  readonly cacheWrite5mTokens?: number
  readonly cacheWrite1hTokens?: number
  /** All generated tokens, reasoning included, whether or not the provider counts it in. */
  readonly outputTokens?: number
  readonly reasoningTokens?: number
  readonly textInputTokens?: number
  readonly audioInputTokens?: number
  readonly imageInputTokens?: number
  readonly videoInputTokens?: number
  readonly audioCachedTokens?: number
  readonly imageCachedTokens?: number
  readonly textOutputTokens?: number
  readonly audioOutputTokens?: number
  readonly imageOutputTokens?: number
  readonly videoOutputTokens?: number
  readonly toolUsePromptTokens?: number
  /** As the provider says, even where it does not add up. */
  readonly totalTokens?: number
  readonly webSearchRequests?: number
  readonly webFetchRequests?: number
  readonly codeExecutionRequests?: number
  readonly searchUnits?: number
  readonly billedInputTokens?: number
  readonly billedOutputTokens?: number
  /** Seconds of audio, where the provider bills time. */
  readonly durationSeconds?: number
  /** Exact decimal text of what the provider itself says the call cost. */
  readonly providerCostUsd?: string
  readonly serviceTier?: string
  readonly trafficType?: string
  readonly inferenceGeo?: string
  /** Anthropic's passes inside one request, each priced by its own model. The fields above are their sums. */
  readonly iterations?: readonly ReportedPass[]
}

/** One pass of several inside a request. */
export interface ReportedPass extends Omit<ReportedUsage, 'iterations'> {
  readonly model?: string
  readonly type?: string
}
