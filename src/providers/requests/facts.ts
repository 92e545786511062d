import type { JsonObject } from '#lib/json-object.ts'
import type { Dialect, EndpointMatch } from '../endpoints.ts'

/** A model that may answer, or be called on the way, beside the one that the request asks for. */
export interface OtherModel {
  /** Member of the body that says so: `models`, `tools[0]`. */
  readonly path: string
  /** As the caller wrote it; null where the provider chooses. */
  readonly name: string | null
}

export const noOtherModels: readonly OtherModel[] = []

/** What a request's body says that decides something here. Everything else in it is the provider's business. */
export interface RequestFacts {
  readonly dialect: Dialect
  /** As the caller wrote it; null where the request names none, which some APIs allow. */
  readonly model: string | null
  /** Models that may answer or be called beside it. */
  readonly otherModels: readonly OtherModel[]
  readonly stream: boolean
  /** The most tokens that the caller lets one answer have; null = the provider's own limit. */
  readonly outputLimitTokens: number | null
  /** Whether a stream's usage was asked for; `n/a` where the API reports it anyway or nothing is streamed. */
  readonly includeUsage: 'asked' | 'not_asked' | 'n/a'
  /** A Responses job that runs on after its answer. */
  readonly background: boolean
  /** The body's `metadata`, where that is an object. */
  readonly metadata: JsonObject | null
  /** Only of a batch with its requests in the body: each different `metadata` that they have. */
  readonly requestsMetadata?: readonly unknown[]
  /** How many inputs one call has where the API takes a list of them (embeddings, moderations); otherwise 1. */
  readonly inputs: number
  /** UTF-16 units of text in the request: media in base64 are left out. For estimates. */
  readonly inputChars: number
  /** Images, audio or files are part of the input: an estimate from text falls short. */
  readonly hasMediaInput: boolean
  /** Of a multipart body; null of a JSON one. */
  readonly boundary: string | null
}

/** Of a request whose body decides nothing. */
export function emptyFacts({ dialect, modelInPath, streamInPath }: EndpointMatch): RequestFacts {
  return {
    dialect,
    model: modelInPath,
    otherModels: noOtherModels,
    stream: streamInPath,
    outputLimitTokens: null,
    includeUsage: 'n/a',
    background: false,
    metadata: null,
    inputs: 1,
    inputChars: 0,
    hasMediaInput: false,
    boundary: null,
  }
}

export interface RequestRefusal {
  readonly kind: 'refused'
  readonly code: 'invalid_json' | 'invalid_request' | 'unsupported_content_type'
  /** For the developer who reads it. */
  readonly message: string
  readonly param?: string
}

export function refusal(code: RequestRefusal['code'], message: string, param?: string): RequestRefusal {
  return param === undefined ? { kind: 'refused', code, message } : { kind: 'refused', code, message, param }
}
