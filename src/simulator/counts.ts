/** What this provider counted in one call. Wholes contain their parts, as in `ReportedUsage`; zero is a count here. */
export interface Counts {
  readonly inputTokens: number
  readonly cachedInputTokens: number
  readonly cacheWrite5mTokens: number
  readonly cacheWrite1hTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
  readonly audioInputTokens: number
  readonly imageInputTokens: number
  readonly audioOutputTokens: number
  readonly imageOutputTokens: number
  readonly webSearches: number
  readonly audioSeconds: number
}

export const noCounts: Counts = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  audioInputTokens: 0,
  imageInputTokens: 0,
  audioOutputTokens: 0,
  imageOutputTokens: 0,
  webSearches: 0,
  audioSeconds: 0,
}

/** What there is to bill where generation stopped after `outputTokens` of it. */
export function countsUntil(counts: Counts, outputTokens: number): Counts {
  const output = Math.min(counts.outputTokens, outputTokens)
  return {
    ...counts,
    outputTokens: output,
    reasoningTokens: Math.min(counts.reasoningTokens, output),
    audioOutputTokens: Math.min(counts.audioOutputTokens, output),
    imageOutputTokens: Math.min(counts.imageOutputTokens, output),
  }
}
