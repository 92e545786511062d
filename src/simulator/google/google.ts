import { type Answer, chargeOf, eventHeaders, plainAnswer, type WireEvent } from '../answer.ts'
import { inputTokensOf } from '../ask.ts'
import { bodyObject, type Call, modelOf } from '../call.ts'
import type { Counts } from '../counts.ts'
import {
  argumentsOf,
  type CacheShare,
  type Choice,
  type Finish,
  type Generation,
  generate,
  noCacheShare,
  type ToolCall,
} from '../generate.ts'
import { isObject, type JsonObject, objectsOf } from '../json.ts'
import { tinyPngBase64 } from '../media.ts'
import type { Model } from '../models.ts'
import { googlePrefixes } from '../prompt-cache.ts'
import { askFromContents, either, type GoogleAsk, tallyOf } from './ask.ts'

const finishReasons: Readonly<Record<Finish, string>> = { stop: 'STOP', length: 'MAX_TOKENS', tool: 'STOP' }
const jsonUtf8 = { 'content-type': 'application/json; charset=UTF-8' }

interface Shape {
  readonly id: string
  readonly model: Model
  readonly made: Generation
  readonly counts: Counts
  readonly showsThoughts: boolean
  readonly drawsImage: boolean
  readonly usageShown: boolean
}

/** `POST …/models/{model}:generateContent`. */
export function generateContent(call: Call): Answer {
  const shape = shapeOf(call)
  const { made } = shape
  const candidates = made.choices.map((choice, index) => ({
    content: { parts: [...thoughtParts(shape, index), ...partsOf(choice), ...imageParts(shape)], role: 'model' },
    finishReason: finishReasons[choice.finish],
    index,
    ...(made.searches.length > 0 ? { groundingMetadata: groundingOf(made) } : {}),
  }))
  const body = JSON.stringify(chunkOf(shape, candidates, shape.counts))
  return { ...commonOf(shape), headers: jsonUtf8, body }
}

/** `POST …/models/{model}:streamGenerateContent`: server-sent events with `alt=sse`, else a JSON array in pieces. */
export function streamGenerateContent(call: Call): Answer {
  const shape = shapeOf(call)
  const chunks = chunksOf(shape, call.directives.repeatUsage ?? 1)
  if (call.received.query.get('alt') === 'sse') {
    const body = chunks.map(({ chunk, outputTokens }) => ({
      text: `data: ${JSON.stringify(chunk)}\r\n\r\n`,
      outputTokens,
    }))
    return { ...commonOf(shape), headers: eventHeaders, body }
  }
  const body: WireEvent[] = chunks.map(({ chunk, outputTokens }, i) => {
    return { text: `${i === 0 ? '[' : ',\r\n'}${JSON.stringify(chunk, null, 2)}\n`, outputTokens }
  })
  body.push({ text: ']', outputTokens: shape.counts.outputTokens })
  return { ...commonOf(shape), headers: jsonUtf8, body }
}

/** `POST …/models/{model}:countTokens`: free. */
export function countContentTokens(call: Call): Answer {
  modelOf(call.params[0])
  const body = bodyObject(call)
  const inner = either(body, 'generateContentRequest')
  const request = isObject(inner) ? inner : body
  const totalTokens = inputTokensOf(tallyOf(objectsOf(request['contents']), either(request, 'systemInstruction')))
  return plainAnswer(`req_${call.id}`, {
    totalTokens,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: totalTokens }],
  })
}

function shapeOf(call: Call): Shape {
  const model = modelOf(call.params[0])
  const body = bodyObject(call)
  const asked = askFromContents(body, model)
  const made = generate(asked.ask, call.directives, call.world.seed, cacheShare(call, body, asked))
  const drawsImage = model.name.endsWith('-image') && made.choices[0]?.toolCalls.length === 0
  const counts = drawsImage
    ? { ...made.counts, outputTokens: made.counts.outputTokens + 1290, imageOutputTokens: 1290 }
    : made.counts
  const { showsThoughts } = asked
  return { id: call.id, model, made, counts, showsThoughts, drawsImage, usageShown: !call.directives.noUsage }
}

function cacheShare(call: Call, body: JsonObject, { ask }: GoogleAsk): CacheShare {
  if (ask.inputTokens < googlePrefixes.minimumTokens) return noCacheShare
  const text = JSON.stringify([either(body, 'systemInstruction') ?? null, body['tools'] ?? null, body['contents']])
  const scope = `${call.credential}|${ask.model.name}`
  const read = call.world.promptCache.readPrefix(scope, text, googlePrefixes, call.nowMs)
  return { ...noCacheShare, read: Math.min(read, ask.inputTokens - ask.imageInputTokens - ask.audioInputTokens) }
}

function commonOf(shape: Shape) {
  return {
    status: 200,
    id: shape.id,
    charge: chargeOf(shape.model, shape.counts),
    repeatable: shape.counts.inputTokens < 1024,
  }
}

function chunkOf(shape: Shape, candidates: readonly unknown[], counts: Counts): unknown {
  return {
    candidates,
    ...(shape.usageShown ? { usageMetadata: usageOf(shape, counts) } : {}),
    modelVersion: shape.model.served,
    responseId: shape.id,
  }
}

/** Thinking comes on top of the candidates, what a search fed in on top of the prompt. */
function usageOf(shape: Shape, counts: Counts): JsonObject {
  const { searchInputTokens } = shape.made
  const prompt = counts.inputTokens - searchInputTokens
  const candidates = counts.outputTokens - counts.reasoningTokens
  const text = prompt - counts.imageInputTokens - counts.audioInputTokens
  const details = [
    { modality: 'TEXT', tokenCount: text },
    ...(counts.imageInputTokens > 0 ? [{ modality: 'IMAGE', tokenCount: counts.imageInputTokens }] : []),
    ...(counts.audioInputTokens > 0 ? [{ modality: 'AUDIO', tokenCount: counts.audioInputTokens }] : []),
  ]
  const cached = counts.cachedInputTokens
  return {
    promptTokenCount: prompt,
    ...(candidates > 0 ? { candidatesTokenCount: candidates } : {}),
    totalTokenCount: counts.inputTokens + counts.outputTokens,
    ...(cached > 0
      ? { cachedContentTokenCount: cached, cacheTokensDetails: [{ modality: 'TEXT', tokenCount: cached }] }
      : {}),
    promptTokensDetails: details,
    ...(counts.imageOutputTokens > 0
      ? { candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: counts.imageOutputTokens }] }
      : {}),
    ...(searchInputTokens > 0
      ? {
          toolUsePromptTokenCount: searchInputTokens,
          toolUsePromptTokensDetails: [{ modality: 'TEXT', tokenCount: searchInputTokens }],
        }
      : {}),
    ...(counts.reasoningTokens > 0 ? { thoughtsTokenCount: counts.reasoningTokens } : {}),
  }
}

function partsOf(choice: Choice): JsonObject[] {
  const parts: JsonObject[] = choice.pieces.length > 0 ? [{ text: choice.pieces.join('') }] : []
  for (const one of choice.toolCalls) parts.push(callPart(one))
  return parts
}

function callPart(call: ToolCall): JsonObject {
  return { functionCall: { name: call.name, args: argumentsOf(call) } }
}

function thoughtParts(shape: Shape, index: number): JsonObject[] {
  const { reasoning } = shape.made
  return shape.showsThoughts && index === 0 && reasoning.length > 0 ? [{ text: reasoning.join(''), thought: true }] : []
}

function imageParts(shape: Shape): JsonObject[] {
  return shape.drawsImage ? [{ inlineData: { mimeType: 'image/png', data: tinyPngBase64 } }] : []
}

function groundingOf(made: Generation): JsonObject {
  return {
    webSearchQueries: made.searches,
    groundingChunks: [{ web: { uri: 'https://example.com/simulated', title: 'example.com' } }],
    groundingSupports: [],
    searchEntryPoint: { renderedContent: '<div></div>' },
  }
}

interface Chunk {
  readonly chunk: unknown
  readonly outputTokens: number
}

const tokensPerChunk = 4

/** Several tokens a chunk, usage so far in each, the reason of the end in the last one of a candidate. */
function chunksOf(shape: Shape, lastCount: number): Chunk[] {
  const { made } = shape
  const chunks: Chunk[] = []
  const hidden = made.reasoning.length
  let outputTokens = hidden
  const push = (index: number, parts: readonly JsonObject[], last: Choice | null) => {
    const ending = last === null ? {} : { finishReason: finishReasons[last.finish] }
    const grounding = last !== null && made.searches.length > 0 ? { groundingMetadata: groundingOf(made) } : {}
    const candidate = { content: { parts, role: 'model' }, ...ending, index, ...grounding }
    const counts = { ...shape.counts, outputTokens, reasoningTokens: Math.min(hidden, outputTokens) }
    const images = outputTokens === shape.counts.outputTokens ? shape.counts.imageOutputTokens : 0
    chunks.push({ chunk: chunkOf(shape, [candidate], { ...counts, imageOutputTokens: images }), outputTokens })
  }
  for (const [index, choice] of made.choices.entries()) {
    const thoughts = thoughtParts(shape, index)
    if (thoughts.length > 0) push(index, thoughts, null)
    for (let at = 0; at < choice.pieces.length; at += tokensPerChunk) {
      const pieces = choice.pieces.slice(at, at + tokensPerChunk)
      outputTokens += pieces.length
      push(index, [{ text: pieces.join('') }], null)
    }
    for (const one of choice.toolCalls) {
      outputTokens += one.pieces.length
      push(index, [callPart(one)], null)
    }
    const images = imageParts(shape)
    if (images.length > 0) {
      outputTokens = shape.counts.outputTokens
      push(index, images, null)
    }
    for (let i = 0; i < lastCount; i++) push(index, [{ text: '' }], choice)
  }
  return chunks
}
