import { isAscii, isUtf8 } from 'node:buffer'
import { jsonFaultPosition } from '#lib/json-fault.ts'
import { countMembers, topLevelMembers } from '#lib/json-members.ts'
import { withPlainNames } from '#lib/json-names.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import { boundaryOf } from '#lib/multipart.ts'
import type { EndpointMatch } from '../endpoints.ts'
import { emptyFacts, type RequestFacts, type RequestRefusal, refusal } from './facts.ts'
import { faultOfNames, repeatedName, standsTwice } from './member-names.ts'
import { otherModels } from './other-models.ts'
import { readOutputLimit } from './output-limit.ts'
import { withExactMetadata } from './parse-metadata.ts'
import { noReach, type RequestReach, reachOf } from './reach.ts'
import { readBodyMetadata } from './read-body-metadata.ts'
import { readMultipart } from './read-multipart.ts'
import { faultOfStructure, leastCountedBytes } from './structure.ts'
import { type TextSize, textSize } from './text-size.ts'

export type RequestReading =
  | { readonly kind: 'read'; readonly facts: RequestFacts; readonly reach: RequestReach }
  | RequestRefusal

export interface RequestToRead {
  readonly match: EndpointMatch
  /** The header, or empty where there is none: then JSON is tried, as the providers do. */
  readonly contentType: string
  /** The header of that name; empty or `identity` = none. */
  readonly contentEncoding?: string
  readonly body: Buffer
}

/** APIs whose providers refuse a call without a model. */
const needsModel: ReadonlySet<string> = new Set([
  'chat.completions',
  'completions',
  'embeddings',
  'audio.speech',
  'messages',
  'messages.count_tokens',
])

/**
 * Reads what decides something out of a request's body, or says why the request cannot be served. The body itself is
 * not changed. Call it for bodies of form `json`, `multipart` and `metadata` only.
 */
export function readRequest(request: RequestToRead): RequestReading {
  const { match, contentType, body } = request
  // To cancel something, say.
  if (match.body === 'metadata' && body.length === 0) {
    return { kind: 'read', facts: emptyFacts(match), reach: noReach }
  }
  const encoding = request.contentEncoding?.trim().toLowerCase() ?? ''
  if (encoding !== '' && encoding !== 'identity') {
    return refusal('unsupported_content_type', `send the body without content-encoding; ${encoding} is not read here`)
  }
  // Of nearly all calls, and no expression has to run to tell.
  const boundary = contentType === 'application/json' ? null : boundaryOf(contentType)
  if (boundary !== null && (match.body === 'multipart' || match.endpoint === 'images')) {
    return readMultipart(match, body, boundary)
  }
  // images/edits takes both forms; the other uploads are multipart only.
  if (match.body === 'multipart' && !(match.endpoint === 'images' && isJsonType(contentType))) {
    return refusal('unsupported_content_type', 'this call takes multipart/form-data with a boundary')
  }
  if (!isJsonType(contentType)) {
    return refusal('unsupported_content_type', `content-type must be application/json, not ${shown(contentType)}`)
  }
  return readJson(match, body)
}

function readJson(match: EndpointMatch, body: Buffer): RequestReading {
  const ascii = isAscii(body)
  if (!ascii && !isUtf8(body)) {
    return refusal('invalid_json', `the body is not valid UTF-8 (byte ${firstBadByte(body)})`)
  }
  const large = body.length >= leastCountedBytes
  const excess = large ? faultOfStructure(body, match.body) : null
  if (excess !== null) return excess
  const text = body.toString(ascii ? 'latin1' : 'utf8')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return refusal('invalid_json', `the body is not JSON: ${faultOf(text)}`)
  }
  if (!isObject(parsed)) return refusal('invalid_request', 'the body must be a JSON object')
  if (match.body === 'metadata') return readBodyMetadata(match, body)
  const { root, size } = asWritten(parsed, text)
  // Of large bodies, to jump over what is long takes less time than to count.
  const simple = !large && countMembers(text) === Object.keys(root).length
  const twice = simple ? null : repeatedName(topLevelMembers(body) ?? [])
  if (twice !== null) return standsTwice(twice)
  const fault = faultOfNames(match, root)
  if (fault !== null) return fault
  return factsOf(match, withExactMetadata(root, body), size, body.length)
}

/** `root` with the names that stand in the text: all that is read here can do without escapes. */
function asWritten(root: JsonObject, text: string): { root: JsonObject; size: TextSize } {
  const size = textSize(root)
  if (!size.mayBeMisread) return { root, size }
  const again: JsonObject = JSON.parse(withPlainNames(text))
  return { root: again, size: textSize(again) }
}

function factsOf(match: EndpointMatch, root: JsonObject, size: TextSize, bodyBytes: number): RequestReading {
  const named = root['model']
  if (named !== undefined && named !== null && typeof named !== 'string') {
    return refusal('invalid_request', '"model" must be a string', 'model')
  }
  const modelInBody = typeof named === 'string' && named !== '' ? named : null
  if (match.modelInPath !== null) {
    const other = otherModel(match.modelInPath, root)
    if (other !== null) {
      return refusal('invalid_request', `the path names ${match.modelInPath}, the body ${shown(other)}`, 'model')
    }
  } else if (modelInBody === null && needsModel.has(match.endpoint)) {
    return refusal('invalid_request', 'you must name a model: "model" is missing', 'model')
  }
  const stream = root['stream']
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    return refusal('invalid_request', '"stream" must be true or false', 'stream')
  }
  const streams = match.streamInPath || stream === true
  const facts: RequestFacts = {
    dialect: match.dialect,
    model: match.modelInPath ?? modelInBody,
    otherModels: otherModels(match, root),
    stream: streams,
    outputLimitTokens: readOutputLimit(match, root),
    includeUsage: includeUsage(match, root, streams),
    background: match.endpoint === 'responses' && root['background'] === true,
    metadata: isObject(root['metadata']) ? root['metadata'] : null,
    inputs: inputs(match, root),
    inputChars: size.chars,
    hasMediaInput: size.hasMedia,
    boundary: null,
  }
  return { kind: 'read', facts, reach: reachOf(match, root, size, bodyBytes) }
}

/** A model that a Gemini body names beside its path, where it is another one: Google wants them equal. */
function otherModel(inPath: string, root: JsonObject): string | null {
  const inner = root['generateContentRequest']
  const list = root['requests']
  const named = [root['model'], isObject(inner) ? inner['model'] : undefined]
  if (Array.isArray(list)) for (const item of list) named.push(isObject(item) ? item['model'] : undefined)
  for (const model of named) {
    if (model === undefined || model === null || model === '') continue
    // Not turned into text: that recurses, and lists nested deeply enough overflow the stack.
    if (typeof model !== 'string') return 'what is no string'
    if (model.replace(/^models\//, '') !== inPath) return model
  }
  return null
}

function includeUsage(match: EndpointMatch, root: JsonObject, stream: boolean): RequestFacts['includeUsage'] {
  if (!stream || (match.endpoint !== 'chat.completions' && match.endpoint !== 'completions')) return 'n/a'
  const options = root['stream_options']
  return isObject(options) && options['include_usage'] === true ? 'asked' : 'not_asked'
}

/** A list of numbers is one input, of tokens. */
function inputs({ endpoint, dialect }: EndpointMatch, root: JsonObject): number {
  const list =
    endpoint === 'completions'
      ? root['prompt']
      : endpoint === 'embeddings' || endpoint === 'moderations'
        ? (root['input'] ?? root['texts'])
        : endpoint === 'embedContent' && dialect === 'google'
          ? root['requests']
          : null
  return Array.isArray(list) && typeof list[0] !== 'number' ? Math.max(1, list.length) : 1
}

function isJsonType(contentType: string): boolean {
  if (contentType === 'application/json') return true
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type === '' || type === 'application/json' || type === 'text/json' || type.endsWith('+json')
}

/** Where it stops being JSON, but not what stands there: bodies do not belong into messages that are logged. */
function faultOf(text: string): string {
  if (text.trim() === '') return 'it is empty'
  const position = jsonFaultPosition(text)
  return position >= text.length
    ? `it ends too early, at position ${position}`
    : `unexpected character at position ${position}`
}

function firstBadByte(body: Buffer): number {
  let start = 0
  for (;;) {
    const end = characterStart(body, start + checkedBytes)
    const piece = body.subarray(start, end)
    if (end >= body.length || !isUtf8(piece)) return start + firstBadByteOf(piece)
    start = end
  }
}

/** Bytes that are checked at once: only those with the fault are looked at one by one. */
const checkedBytes = 65_536

/** Where the character begins that the byte belongs to, if it is one. */
function characterStart(body: Buffer, at: number): number {
  let start = at
  while (at - start < 3 && ((body[start] ?? 0) & 0xc0) === 0x80) start -= 1
  return start
}

function firstBadByteOf(body: Buffer): number {
  const text = body.toString('utf8')
  let position = 0
  for (const char of text) {
    if (char === '\ufffd' && !body.subarray(position, position + 3).equals(replacement)) return position
    position += Buffer.byteLength(char)
  }
  return position
}

const replacement = Buffer.from('\ufffd')

function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}
