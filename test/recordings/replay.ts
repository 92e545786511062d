import assert from 'node:assert/strict'
import { plainDecimal } from '#lib/decimal-text.ts'
import { type Accent, accentNamed, accentOf } from '#providers/answers/accents.ts'
import type { AnswerSource } from '#providers/answers/formats.ts'
import { readAnswer } from '#providers/answers/read-answer.ts'
import { createStreamMeter } from '#providers/answers/stream-meter.ts'
import type { ProviderError, Reading } from '#providers/meter.ts'
import type { Recording } from './locate.ts'

/** What the recordings say beside the usage: not read by a meter, or read off elsewhere. */
const notUsage: ReadonlySet<string> = new Set([
  'model',
  'modelFromRequest',
  'usage',
  'error',
  'status',
  'serviceTier',
  'toolUsage',
  'terminalEvent',
  'sawDone',
  'sawMessageStop',
  'partial',
  'finishReason',
  'incompleteReason',
  'toolCalls',
  'choices',
  'refusal',
  'vectors',
  'countedInputTokens',
])

/**
 * What we read beyond the recordings' `expected`: text is listed there only where it has a price of its own, totals
 * only where they are no mere repetition, and calls beside tokens as items of the answer.
 */
const readBeyond: ReadonlySet<string> = new Set([
  'textInputTokens',
  'textOutputTokens',
  'totalTokens',
  'webSearchRequests',
  'codeExecutionRequests',
  'fileSearchRequests',
  'imageGenerationRequests',
  'outputTokensLeftOut',
])

export function sourceOf(recording: Recording): AnswerSource {
  return { api: apiOf(recording.api), accent: accentFor(recording) }
}

function apiOf(api: string): AnswerSource['api'] {
  if (api === 'chat') return 'cohere.chat'
  if (api === 'responses.compact') return 'responses'
  return api as AnswerSource['api']
}

function accentFor({ provider, url }: Recording): Accent {
  if (provider.startsWith('google')) return accentNamed('google')
  return accentOf({ kind: 'openai-compatible', baseUrl: url })
}

export function bodyOf(recording: Recording): Buffer {
  const { body } = recording.response
  return Buffer.from(recording.stream ? String(body) : JSON.stringify(body))
}

export function readWhole(recording: Recording): Reading {
  return readAnswer({
    ...sourceOf(recording),
    status: recording.response.status,
    contentType: recording.response.headers['content-type'],
    body: bodyOf(recording),
  })
}

export interface StreamResult {
  readonly reading: Reading
  readonly ending: boolean
}

/** Feeds a stream piece by piece, and checks that nothing of it is changed on the way. */
export function readStream(source: AnswerSource, pieces: readonly Buffer[]): StreamResult {
  const meter = createStreamMeter({ ...source, dropUsageChunk: false })
  for (const piece of pieces) assert.equal(meter.push(piece), piece)
  assert.equal(meter.end().length, 0)
  return { reading: meter.reading(), ending: meter.ending }
}

/** Compares a reading with all that a recording expects, in both directions. */
export function checkReading(recording: Recording, reading: Reading): void {
  const { expected } = recording
  if ('model' in expected) assert.equal(reading.model, expected['model'])
  if ('status' in expected) assert.equal(reading.status ?? null, expected['status'])
  if ('serviceTier' in expected) assert.equal(reading.serviceTier, expected['serviceTier'])
  checkError(expected['error'], reading.error, recording.response.status)
  if (expected['usage'] === null) {
    assert.equal(reading.usage, null)
    return
  }
  const usage: Readonly<Record<string, unknown>> = { ...reading.usage }
  assert.ok(reading.usage !== null, 'usage was expected')
  for (const [field, wanted] of Object.entries(expected)) {
    if (notUsage.has(field)) continue
    const value = usage[field]
    if (field === 'providerCostUsd') assert.equal(value, plainDecimal(String(wanted)))
    else assert.deepEqual(value ?? null, wanted, field)
  }
  if ('serviceTier' in expected) assert.equal(usage['serviceTier'], expected['serviceTier'])
  if ('toolUsage' in expected) checkToolUsage(expected['toolUsage'], usage)
  for (const [field, value] of Object.entries(usage)) {
    if (typeof value !== 'number' || readBeyond.has(field) || field in expected) continue
    assert.equal(value, 0, `${field} was not expected`)
  }
  checkItems(expected, usage)
}

function checkError(wanted: unknown, error: ProviderError | null, status: number): void {
  if (wanted === undefined) {
    assert.equal(error, null)
    return
  }
  assert.ok(error !== null, `an error was expected at status ${status}`)
  const { type, code, status: word, message } = wanted as Record<string, unknown>
  if (type !== undefined) assert.equal(error.type ?? null, type)
  if (word !== undefined) assert.equal(error.status, word)
  if (typeof code === 'number') assert.equal(error.statusCode, code)
  else if (code !== undefined) assert.equal(error.code, code)
  if (message !== undefined) assert.equal(error.message, message)
}

/** `tool_usage` of the Responses API, by our names. */
function checkToolUsage(wanted: unknown, usage: Readonly<Record<string, unknown>>): void {
  const { image_gen: images, web_search: search } = wanted as {
    image_gen: Record<string, number> & Record<string, Record<string, number>>
    web_search: { num_requests: number }
  }
  assert.equal(usage['webSearchRequests'], search.num_requests)
  assert.deepEqual(usage['imageGeneration'], {
    inputTokens: images['input_tokens'],
    imageInputTokens: images['input_tokens_details']?.['image_tokens'],
    textInputTokens: images['input_tokens_details']?.['text_tokens'],
    outputTokens: images['output_tokens'],
    imageOutputTokens: images['output_tokens_details']?.['image_tokens'],
    textOutputTokens: images['output_tokens_details']?.['text_tokens'],
    totalTokens: images['total_tokens'],
  })
}

/** Calls beside tokens are what the items of the answer say. */
function checkItems(expected: Readonly<Record<string, unknown>>, usage: Readonly<Record<string, unknown>>): void {
  if (!('outputItems' in expected)) assert.equal(usage['outputItems'], undefined)
  const items = expected['outputItems'] as Record<string, number> | undefined
  if (items?.['web_search_call'] !== undefined) assert.equal(usage['webSearchRequests'], items['web_search_call'])
  if (items?.['image_generation_call'] !== undefined && usage['imageGeneration'] === undefined)
    assert.equal(usage['imageGenerationRequests'], items['image_generation_call'])
  if (items?.['code_interpreter_call'] !== undefined) {
    assert.equal(usage['codeExecutionRequests'], items['code_interpreter_call'])
  }
}
