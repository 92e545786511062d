import type { Headers } from './wire-headers.ts'

/**
 * Headers by which an answer tells its tier where its body does not: of Gemini
 * (https://ai.google.dev/gemini-api/docs/priority-inference) and of Bedrock
 * (https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html).
 */
export function tierInHeaders(headers: Headers): string | undefined {
  const told = headers['x-gemini-service-tier'] ?? headers['x-amzn-bedrock-service-tier']
  return typeof told === 'string' && told !== '' ? told : undefined
}
