import type { Headers } from './wire-headers.ts'

/** What a provider still allows in its window. */
interface Allowance {
  readonly remaining: number
  /** Null where the provider does not say. */
  readonly limit: number | null
}

interface RateLimits {
  readonly requests: Allowance | null
  readonly tokens: Allowance | null
}

/**
 * Pairs of headers `[remaining, limit]`: the first that is there counts. As recorded from the providers: OpenAI and
 * those who speak its dialect (Azure, Groq, Cerebras, xAI), Anthropic, Mistral.
 */
const requestHeaders = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-limit-requests'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-limit'],
  ['x-ratelimit-remaining-req-minute', 'x-ratelimit-limit-req-minute'],
] as const

/** Anthropic's limit of tokens is the stricter one of input and output. */
const tokenHeaders = [
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-limit-tokens'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-limit'],
  ['x-ratelimit-remaining-tokens-minute', 'x-ratelimit-limit-tokens-minute'],
] as const

/**
 * Whether an answer's head says anything of limits: all that is asked on the way of a call. By names that are known
 * beforehand, since heads have many shapes.
 */
export function tellsLimits(headers: Headers): boolean {
  return (
    headers['x-ratelimit-remaining-requests'] !== undefined ||
    headers['x-ratelimit-remaining-tokens'] !== undefined ||
    headers['anthropic-ratelimit-requests-remaining'] !== undefined ||
    headers['anthropic-ratelimit-tokens-remaining'] !== undefined ||
    headers['x-ratelimit-remaining-req-minute'] !== undefined ||
    headers['x-ratelimit-remaining-tokens-minute'] !== undefined
  )
}

export function readRateLimits(headers: Headers): RateLimits {
  return { requests: firstOf(headers, requestHeaders), tokens: firstOf(headers, tokenHeaders) }
}

function firstOf(headers: Headers, pairs: readonly (readonly [string, string])[]): Allowance | null {
  for (const [remainingName, limitName] of pairs) {
    const remaining = wholeNumber(headers[remainingName])
    if (remaining !== null) return { remaining, limit: wholeNumber(headers[limitName]) }
  }
  return null
}

function wholeNumber(value: string | readonly string[] | undefined): number | null {
  const text = typeof value === 'string' ? value.trim() : ''
  // Azure says -1 where it does not know.
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}
