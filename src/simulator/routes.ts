import type { Answer } from './answer.ts'
import {
  createMessageBatch,
  deleteMessageBatch,
  getMessageBatch,
  listMessageBatches,
  messageBatchResults,
} from './anthropic/batches.ts'
import { countMessageTokens, message } from './anthropic/messages.ts'
import type { Call } from './call.ts'
import { batchEmbedContents, embedContent } from './google/embeddings.ts'
import { countContentTokens, generateContent, streamGenerateContent } from './google/google.ts'
import { getGoogleModel, listGoogleModels } from './google/models.ts'
import { cancelBatch, createBatch, getBatch, listBatches } from './openai/batches.ts'
import { chatCompletion } from './openai/chat.ts'
import { createFile, deleteFile, fileContent, getFile, listFiles } from './openai/files.ts'
import { editImage, generateImage, speech, transcription, translation } from './openai/media.ts'
import { getModel, listModels } from './openai/models.ts'
import { moderations } from './openai/moderations.ts'
import {
  cancelResponse,
  compactResponse,
  countInputTokens,
  createResponse,
  deleteResponse,
  getResponse,
  listInputItems,
} from './openai/responses.ts'
import { embeddings, textCompletion } from './openai/texts.ts'
import type { Dialect } from './refusal.ts'

interface Route {
  /** As the bill names it. */
  readonly api: string
  readonly dialect: Dialect
  /** Pure but for the world's memory. @throws Refusal */
  readonly answer: (call: Call) => Answer
  /** True where the answer leaves nothing behind and may be remembered. */
  readonly memo: boolean
}

export interface Found {
  readonly route: Route
  readonly params: readonly string[]
}

/** Method and path below the version (`*` catches one segment), the API's name on the bill, and what answers. */
type Row = readonly [line: string, api: string, answer: (call: Call) => Answer]

const openaiRows: readonly Row[] = [
  ['POST /chat/completions', 'chat.completions', chatCompletion],
  ['POST /completions', 'completions', textCompletion],
  ['POST /embeddings', 'embeddings', embeddings],
  ['POST /responses', 'responses', createResponse],
  ['POST /responses/compact', 'responses', compactResponse],
  ['POST /responses/input_tokens', 'responses.input_tokens', countInputTokens],
  ['GET /responses/*', 'responses.retrieve', getResponse],
  ['DELETE /responses/*', 'responses.delete', deleteResponse],
  ['POST /responses/*/cancel', 'responses.cancel', cancelResponse],
  ['GET /responses/*/input_items', 'responses.input_items', listInputItems],
  ['POST /images/generations', 'images', generateImage],
  ['POST /images/edits', 'images', editImage],
  ['POST /images/variations', 'images', editImage],
  ['POST /audio/speech', 'audio.speech', speech],
  ['POST /audio/transcriptions', 'audio.transcriptions', transcription],
  ['POST /audio/translations', 'audio.translations', translation],
  ['POST /moderations', 'moderations', moderations],
  ['GET /models', 'models', listModels],
  ['GET /models/*', 'models', getModel],
  ['POST /files', 'files', createFile],
  ['GET /files', 'files', listFiles],
  ['GET /files/*', 'files', getFile],
  ['DELETE /files/*', 'files', deleteFile],
  ['GET /files/*/content', 'files', fileContent],
  ['POST /batches', 'batches', createBatch],
  ['GET /batches', 'batches', listBatches],
  ['GET /batches/*', 'batches', getBatch],
  ['POST /batches/*/cancel', 'batches', cancelBatch],
]

const anthropicRows: readonly Row[] = [
  ['POST /messages', 'messages', message],
  ['POST /messages/count_tokens', 'messages.count_tokens', countMessageTokens],
  ['POST /messages/batches', 'messages.batches', createMessageBatch],
  ['GET /messages/batches', 'messages.batches', listMessageBatches],
  ['GET /messages/batches/*', 'messages.batches', getMessageBatch],
  ['DELETE /messages/batches/*', 'messages.batches', deleteMessageBatch],
  ['POST /messages/batches/*/cancel', 'messages.batches', getMessageBatch],
  ['GET /messages/batches/*/results', 'messages.batches', messageBatchResults],
]

const googleRows: readonly Row[] = [
  ['POST /models/*:generateContent', 'generateContent', generateContent],
  ['POST /models/*:streamGenerateContent', 'generateContent', streamGenerateContent],
  ['POST /models/*:countTokens', 'countTokens', countContentTokens],
  ['POST /models/*:embedContent', 'embedContent', embedContent],
  ['POST /models/*:batchEmbedContents', 'embedContent', batchEmbedContents],
]

const googleLists: readonly Row[] = [
  ['GET /models', 'models', listGoogleModels],
  ['GET /models/*', 'models', getGoogleModel],
]

const remembered: ReadonlySet<(call: Call) => Answer> = new Set([
  ...[chatCompletion, textCompletion, embeddings],
  ...[message, generateContent],
])

const exact = new Map<string, Found>()
const patterns: { readonly pattern: RegExp; readonly route: Route }[] = []

function add(rows: readonly Row[], dialect: Dialect, prefixes: readonly string[]): void {
  for (const [line, api, answer] of rows) {
    const route = { api, dialect, answer, memo: remembered.has(answer) }
    const [method = '', path = ''] = line.split(' ')
    for (const prefix of prefixes) {
      if (path.includes('*')) {
        const source = `${method} ${prefix}${path}`.replaceAll('.', '\\.').replaceAll('*', '([^/:]+)')
        patterns.push({ pattern: new RegExp(`^${source}$`), route })
      } else {
        exact.set(`${method} ${prefix}${path}`, { route, params: [] })
      }
    }
  }
}

// DeepSeek has no version in its paths, Google's compatible endpoint two; relays choose their own.
add(openaiRows, 'openai', ['/v1', '/openai/v1', '/v1beta/openai', '/beta', ''])
add(anthropicRows, 'anthropic', ['/v1', '/anthropic/v1'])
add(googleRows, 'google', ['/v1beta', '/v1alpha', '/v1'])
add(googleLists, 'google', ['/v1beta', '/v1alpha'])

/** What answers this request, or null. */
export function findRoute(method: string, path: string): Found | null {
  const line = `${method} ${path}`
  const found = exact.get(line)
  if (found) return found
  for (const { pattern, route } of patterns) {
    const match = pattern.exec(line)
    if (match) return { route, params: match.slice(1).map(decoded) }
  }
  return null
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Whose error shape a request gets that no route answers. */
export function dialectOf(path: string, isAnthropic: boolean): Dialect {
  if (isAnthropic || path.startsWith('/v1/messages')) return 'anthropic'
  return path.startsWith('/v1beta/') && !path.startsWith('/v1beta/openai') ? 'google' : 'openai'
}
