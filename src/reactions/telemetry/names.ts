import type { EndpointName } from '#core/ledger/entry.ts'

/*
 * Names of the semantic conventions for generative AI, as far as they are used here. They are written out: they are
 * still in development, and whoever uses them is asked to copy them. A test compares them with the conventions' package.
 * Source: https://github.com/open-telemetry/semantic-conventions-genai (docs/gen-ai).
 */

export const attribute = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  responseModel: 'gen_ai.response.model',
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  outputType: 'gen_ai.output.type',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheCreationTokens: 'gen_ai.usage.cache_creation.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  errorType: 'error.type',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  statusCode: 'http.response.status_code',
} as const

/** Of an error that has no name of its own. */
export const otherError = '_OTHER'

interface Operation {
  /** One of the conventions where one applies; otherwise a name of our own, as they allow. */
  readonly name: string
  readonly outputType?: 'text' | 'image' | 'speech'
  /** Whose API it is, where nobody knows who makes the model. */
  readonly flavor: 'openai' | 'anthropic' | 'gcp.gemini'
}

export const operations: Readonly<Record<EndpointName, Operation>> = {
  'chat.completions': { name: 'chat', flavor: 'openai' },
  completions: { name: 'text_completion', flavor: 'openai' },
  responses: { name: 'chat', flavor: 'openai' },
  embeddings: { name: 'embeddings', flavor: 'openai' },
  images: { name: 'generate_content', outputType: 'image', flavor: 'openai' },
  'audio.speech': { name: 'generate_content', outputType: 'speech', flavor: 'openai' },
  'audio.transcriptions': { name: 'generate_content', outputType: 'text', flavor: 'openai' },
  'audio.translations': { name: 'generate_content', outputType: 'text', flavor: 'openai' },
  moderations: { name: 'moderation', flavor: 'openai' },
  models: { name: 'models', flavor: 'openai' },
  files: { name: 'files', flavor: 'openai' },
  batches: { name: 'batches', flavor: 'openai' },
  messages: { name: 'chat', flavor: 'anthropic' },
  'messages.count_tokens': { name: 'count_tokens', flavor: 'anthropic' },
  'messages.batches': { name: 'batches', flavor: 'anthropic' },
  generateContent: { name: 'generate_content', flavor: 'gcp.gemini' },
  embedContent: { name: 'embeddings', flavor: 'gcp.gemini' },
  countTokens: { name: 'count_tokens', flavor: 'gcp.gemini' },
  other: { name: 'other', flavor: 'openai' },
}

/** Vendors of the price catalog whom the conventions call by another name. */
const otherwiseCalled: Readonly<Record<string, string>> = {
  google: 'gcp.gemini',
  mistral: 'mistral_ai',
  mistralai: 'mistral_ai',
  moonshotai: 'moonshot_ai',
  'x-ai': 'x_ai',
  xai: 'x_ai',
  aws: 'aws.bedrock',
  azure: 'azure.ai.openai',
}

/** Who makes the model, as the conventions name them; of a call that met no provider, whose API was called. */
export function providerName(vendor: string, endpoint: EndpointName): string {
  if (vendor === '') return operations[endpoint].flavor
  return Object.hasOwn(otherwiseCalled, vendor) ? (otherwiseCalled[vendor] ?? vendor) : vendor
}
