import type { EndpointName } from '#core/ledger/entry.ts'
import { type Accent, plainAccent } from './accents.ts'
import { createMessagesReader } from './anthropic.ts'
import { createBatchesReader } from './batches.ts'
import { createCohereReader } from './cohere.ts'
import type { AnswerReader, Findings } from './findings.ts'
import { createEmbedReader, createGenerateReader, createInteractionsReader } from './google.ts'
import { createChatReader } from './openai-chat.ts'
import { createAudioReader, createEmbeddingsReader, createFreeReader, createImagesReader } from './openai-other.ts'
import { createResponsesReader } from './openai-responses.ts'

/** Whose answer is to be read. */
export interface AnswerSource {
  /** `interactions` and `cohere.chat` are no endpoints of ours yet; their answers can be read. */
  readonly api: EndpointName | 'interactions' | 'cohere.chat'
  /** How the vendor deviates from its dialect; the plain one by default. */
  readonly accent?: Accent
}

interface Format {
  readonly reader: (findings: Findings, accent: Accent) => AnswerReader
  /** A member of whole bodies that can be many megabytes and says nothing about usage. */
  readonly bulk?: string
  /** The answer is text that a model generated. */
  readonly generates?: true
}

const chat: Format = { reader: createChatReader, generates: true }
const batches: Format = { reader: createBatchesReader }
const free: Format = { reader: createFreeReader }
const audio: Format = { reader: createAudioReader }

const formats: Readonly<Record<AnswerSource['api'], Format>> = {
  'chat.completions': chat,
  completions: chat,
  responses: { reader: createResponsesReader, generates: true },
  embeddings: { reader: createEmbeddingsReader, bulk: 'data' },
  images: { reader: createImagesReader, bulk: 'data' },
  'audio.speech': audio,
  'audio.transcriptions': audio,
  'audio.translations': audio,
  moderations: free,
  models: free,
  files: free,
  batches,
  messages: { reader: createMessagesReader, generates: true },
  'messages.count_tokens': free,
  'messages.batches': batches,
  generateContent: { reader: createGenerateReader, generates: true },
  embedContent: { reader: createEmbedReader, bulk: 'embeddings' },
  countTokens: free,
  interactions: { reader: createInteractionsReader },
  'cohere.chat': { reader: createCohereReader },
  other: free,
}

export function createReader(source: AnswerSource, findings: Findings): AnswerReader {
  return formats[source.api].reader(findings, source.accent ?? plainAccent)
}

export function generatesText(api: AnswerSource['api']): boolean {
  return formats[api].generates === true
}

export function bulkMember(api: AnswerSource['api']): string | null {
  return formats[api].bulk ?? null
}
