import type { IncomingHttpHeaders } from 'node:http'
import type { Directives } from './directives.ts'
import { isObject, type JsonObject } from './json.ts'
import { findModel, type Model } from './models.ts'
import type { PromptCache } from './prompt-cache.ts'
import { Refusal, unknownModel } from './refusal.ts'
import type { Shelf, StoredFile, StoredMessageBatch, StoredResponse } from './shelf.ts'

export interface Received {
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What outlives a call. */
export interface World {
  readonly seed: number
  readonly promptCache: PromptCache
  readonly files: Shelf<StoredFile>
  readonly batches: Shelf<JsonObject>
  readonly messageBatches: Shelf<StoredMessageBatch>
  readonly responses: Shelf<StoredResponse>
}

/** One request on its way to an answer. */
export interface Call {
  readonly received: Received
  /** From the fault plan, the prompt and the request's header. */
  readonly directives: Directives
  /** 24 letters and digits, unique within a run. */
  readonly id: string
  readonly nowMs: number
  /** Who asks, as a short hash of the credential. */
  readonly credential: string
  /** What the route's pattern caught. */
  readonly params: readonly string[]
  readonly world: World
}

export function nowS(call: Call): number {
  return Math.floor(call.nowMs / 1000)
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** @throws Refusal (400) where the body is not a JSON object in UTF-8. */
export function bodyObject(call: Call): JsonObject {
  let parsed: unknown
  try {
    parsed = JSON.parse(decoder.decode(call.received.body))
  } catch {
    throw new Refusal(400, 'We could not parse the JSON body of your request.')
  }
  if (!isObject(parsed)) throw new Refusal(400, 'The JSON body of your request must be an object.')
  return parsed
}

/** @throws Refusal: 400 without a model, 404 for one that is not known here. */
export function modelOf(name: unknown): Model {
  if (typeof name !== 'string' || name === '') {
    throw new Refusal(400, 'you must provide a model parameter', null, 'model')
  }
  const model = findModel(name.replace(/^models\//, ''))
  if (!model) throw unknownModel(name)
  return model
}
