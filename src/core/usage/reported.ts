/**
 * provider: the provider's own count. estimated: counted here, because the provider's never came.
 * none: nothing to count (errors, free calls, APIs without usage).
 */
export const usageSources = ['provider', 'estimated', 'none'] as const
export type UsageSource = (typeof usageSources)[number]

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
  /** Those of OpenAI that were written for half a day. They have no rate of their own here, and are marked. */
  readonly cacheWrite12hTokens?: number
  /** All generated tokens, reasoning included, whether or not the provider counts it in. */
  readonly outputTokens?: number
  readonly reasoningTokens?: number
  readonly textInputTokens?: number
  readonly audioInputTokens?: number
  readonly imageInputTokens?: number
  readonly videoInputTokens?: number
  readonly audioCachedTokens?: number
  readonly imageCachedTokens?: number
  readonly videoCachedTokens?: number
  readonly textOutputTokens?: number
  readonly audioOutputTokens?: number
  readonly imageOutputTokens?: number
  readonly videoOutputTokens?: number
  readonly toolUsePromptTokens?: number
  /** As the provider says, even where it does not add up. */
  readonly totalTokens?: number
  readonly webSearchRequests?: number
  /** By the preview of OpenAI's tool, which has a fee of its own; not among the searches above. */
  readonly webSearchPreviewRequests?: number
  readonly webFetchRequests?: number
  readonly fileSearchRequests?: number
  /** Prompts that were answered with what a map knows. */
  readonly mapsGroundingRequests?: number
  /** Pictures that a tool made and whose tokens nobody reports. */
  readonly imageGenerationRequests?: number
  /** Commands that the provider ran in a container of its own. */
  readonly shellRequests?: number
  /** Calls of tools of the provider of which nothing is known here, not even whether they cost anything. */
  readonly serverToolRequests?: number
  /** Tokens of cited pages, where they are billed beside the prompt. */
  readonly citationTokens?: number
  readonly codeExecutionRequests?: number
  /** Pages that a search fed in, where these are billed instead of the searches. */
  readonly webSearchSources?: number
  /** Tool calls that the provider itself ran, of all kinds. */
  readonly serverSideToolsUsed?: number
  /** Items of the answer by kind, beside messages and reasoning: `code_interpreter_call`, `function_call`, … */
  readonly outputItems?: Readonly<Record<string, number>>
  /** Tokens of pictures that a tool made: not in the counts above, billed at the picture model's price. */
  readonly imageGeneration?: ReportedPass
  readonly searchUnits?: number
  readonly billedInputTokens?: number
  readonly billedOutputTokens?: number
  /**
   * Visible tokens that earlier reports of the stream gave and the last leaves out, so they are not in `outputTokens`;
   * nearly always absent.
   */
  readonly outputTokensLeftOut?: number
  /** The answer rests on searches, whether or not they are counted. */
  readonly showsSearches?: true
  /** The answer has pictures in it, whether or not their tokens are told apart. */
  readonly showsPictures?: true
  /** How much of the web a search model reads, where its fee depends on that: `low`, `medium`, `high`. */
  readonly searchContext?: string
  /** Seconds of audio, where the provider bills time. */
  readonly durationSeconds?: number
  /** Exact decimal text of what the provider itself says the call cost. */
  readonly providerCostUsd?: string
  /** True where the caller's own key paid the model: `providerCostUsd` is then only the fee of the provider between. */
  readonly providerCostIsFee?: boolean
  /** Exact decimal text of what the provider says that its own upstream charged. */
  readonly upstreamCostUsd?: string
  readonly serviceTier?: string
  readonly trafficType?: string
  readonly inferenceGeo?: string
  /** Anthropic's `fast` costs more than `standard`. */
  readonly speed?: string
  /** Anthropic's passes inside one request, each priced by its own model. The fields above are their sums. */
  readonly iterations?: readonly ReportedPass[]
  /** True where the model declined before it had said anything: Anthropic counts such a request, and does not bill it. */
  readonly refusedAtOnce?: true
  /** What the plain fields say where `iterations` say more. */
  readonly topLevel?: ReportedPass
}

/** One pass of several inside a request. */
export interface ReportedPass extends Omit<ReportedUsage, 'iterations' | 'topLevel'> {
  readonly model?: string
  readonly type?: string
}
