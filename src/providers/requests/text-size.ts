import { isObject, type JsonObject } from '#lib/json-object.ts'

export interface TextSize {
  /** UTF-16 units, keys of objects included since tools and schemas are read by the model as text. */
  readonly chars: number
  readonly hasMedia: boolean
  /** UTF-16 units of base64 that stands where an API takes media, and so is not read as text. */
  readonly mediaChars: number
  /** How many pictures the input has, whether they come along or by an address. */
  readonly pictures: number
  /** The input has what cannot be measured here: sound, films, documents, files and items that the provider keeps. */
  readonly unmeasured: boolean
  /** What the request has the provider write to its cache, in the terms of the one API where callers say so. */
  readonly cacheControl: 'none' | 'short' | 'any'
  /** What stands in the conversation and has the provider do more than answer. */
  readonly brought: readonly Brought[]
  /** A name has a backslash: JSON.parse may have read one that is written with an escape as another one (lib/json-names.ts). */
  readonly mayBeMisread: boolean
}

export interface Brought {
  readonly type: string
  /** One, or a list of them. */
  readonly tools: unknown
}

/** Shorter strings are taken for text whatever they look like. */
const leastMediaChars = 512

type Kind = 'picture' | 'media' | 'reference' | 'thought' | 'brings'

/** What an object of a type is beside text. */
const kinds: ReadonlyMap<unknown, Kind> = new Map([
  ...(['image_url', 'input_image', 'image', 'computer_screenshot'] as const).map((type) => [type, 'picture'] as const),
  ...(['input_audio', 'file', 'input_file', 'document', 'video_url'] as const).map((type) => [type, 'media'] as const),
  // What stands for something that the provider keeps.
  ...(['item_reference', 'container_upload'] as const).map((type) => [type, 'reference'] as const),
  ['image_generation_call', 'picture'],
  ['reasoning', 'thought'],
  // Of OpenAI and, the definition, of Anthropic: tools, and the word to sum up what was said.
  ...(['additional_tools', 'tool_search_output', 'compaction_trigger'] as const).map(
    (type) => [type, 'brings'] as const,
  ),
  ['tool_definition', 'brings'],
])

const geminiMedia: ReadonlySet<string> = new Set(['inlineData', 'fileData', 'inline_data', 'file_data'])

/** The members that hold media as base64, each with what the `type` of its object may then be. */
const mediaMembers: ReadonlyMap<string, ReadonlySet<unknown>> = new Map([
  ['data', new Set([undefined, 'base64'])],
  ['url', new Set([undefined, 'url'])],
  ['image_url', new Set(['input_image', 'image_url', 'computer_screenshot'])],
  ['file_data', new Set([undefined, 'input_file', 'file'])],
])

/** Members whose value the model reads as text, whatever it looks like: schemas, and what went into and out of tools. */
const verbatimMembers: ReadonlySet<string> = new Set([
  'parameters',
  'parametersJsonSchema',
  'input_schema',
  'schema',
  'args',
  'arguments',
  'response',
])

/** Nearly all requests are less deep: only of what is deeper a list is kept. */
const deepestRecursion = 32

/**
 * How much text a parsed request holds, whatever its shape, and what else its input is made of. Does not recurse
 * without end: nesting is the caller's to choose.
 */
export function textSize(root: unknown): TextSize {
  const walk = new Walk()
  walk.visit(root, false)
  while (walk.open.length > 0) walk.visit(walk.open.pop(), false)
  while (walk.verbatim.length > 0) walk.visit(walk.verbatim.pop(), true)
  const { chars, hasMedia, mediaChars, pictures, cacheControl, brought, mayBeMisread } = walk
  // Base64 without a part that it belongs to: nobody knows what the provider makes of it.
  const unmeasured = walk.unmeasured || walk.blobs > pictures
  return { chars, hasMedia, mediaChars, pictures, cacheControl, unmeasured, brought, mayBeMisread }
}

class Walk {
  /** What is too deep to be visited from where it was found. */
  readonly open: unknown[] = []
  readonly verbatim: unknown[] = []
  #depth = 0
  chars = 0
  hasMedia = false
  mediaChars = 0
  /** Strings that `mediaChars` counts. */
  blobs = 0
  pictures = 0
  unmeasured = false
  cacheControl: TextSize['cacheControl'] = 'none'
  readonly brought: Brought[] = []
  mayBeMisread = false

  visit(value: unknown, asText: boolean): void {
    if (typeof value === 'string') this.#text(value)
    else if (typeof value !== 'object' || value === null) this.chars += 4
    else if (this.#depth === deepestRecursion) (asText ? this.verbatim : this.open).push(value)
    else {
      this.#depth += 1
      if (Array.isArray(value)) for (const element of value) this.visit(element, asText)
      else this.#object(value as JsonObject, asText)
      this.#depth -= 1
    }
  }

  #object(value: JsonObject, asText: boolean): void {
    const type = value['type']
    const kind = type === undefined ? undefined : kinds.get(type)
    if (kind !== undefined) this.#kind(kind, value, asText)
    for (const key in value) {
      const member = value[key]
      this.chars += key.length
      if (key.includes('\\')) this.mayBeMisread = true
      if (geminiMedia.has(key)) this.#gemini(member, asText)
      if (key === 'cache_control' && isObject(member)) this.#cache(member)
      // An earlier answer that was spoken: a settings object of the same name has no id.
      if (key === 'audio' && isObject(member) && 'id' in member) this.unmeasured = true
      if (asText) this.visit(member, true)
      else if (typeof member === 'string') {
        if (!this.#text(member) || mediaMembers.get(key)?.has(type) !== true) continue
        this.mediaChars += member.length
        this.blobs += 1
      } else this.visit(member, verbatimMembers.has(key) || (key === 'input' && isToolUse(type)))
    }
  }

  /** True where it looks like media. */
  #text(text: string): boolean {
    if (!isMedia(text)) {
      this.chars += text.length
      return false
    }
    this.hasMedia = true
    return true
  }

  #kind(kind: Kind, value: JsonObject, asText: boolean): void {
    if (kind === 'picture' || kind === 'media') this.hasMedia = true
    if (asText) return
    if (kind === 'picture') this.pictures += 1
    else if (kind === 'brings') {
      this.brought.push({ type: String(value['type']), tools: value['tools'] ?? value['definition'] })
    }
    // A thought that does not come along is one that the provider kept.
    else if (kind !== 'thought' || typeof value['encrypted_content'] !== 'string') this.unmeasured = true
  }

  #gemini(member: unknown, asText: boolean): void {
    this.hasMedia = true
    if (asText || !isObject(member)) return
    const { mimeType, mime_type } = member
    // Both spellings are taken; where both stand, either may count.
    if (isPicture(mimeType ?? mime_type) && isPicture(mime_type ?? mimeType)) this.pictures += 1
    else this.unmeasured = true
  }

  #cache(control: JsonObject): void {
    if (control['ttl'] === '1h') this.cacheControl = 'any'
    else if (this.cacheControl === 'none') this.cacheControl = 'short'
  }
}

function isPicture(mime: unknown): boolean {
  return typeof mime === 'string' && mime.startsWith('image/')
}

function isToolUse(type: unknown): boolean {
  return typeof type === 'string' && type.endsWith('tool_use')
}

/** The texts themselves, with or without the keys, for a tokenizer; media left out. Lazy: the whole may be large. */
export function* textsOf(root: unknown, { keys }: { keys: boolean }): Generator<string> {
  const open: unknown[] = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value === 'string') {
      if (!isMedia(value)) yield value
    } else if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index -= 1) open.push(value[index])
    } else if (isObject(value)) {
      for (const key of Object.keys(value).reverse()) {
        open.push(value[key])
        if (keys) open.push(key)
      }
    }
  }
}

/** Base64, with or without the head of a data URL: long, and without any of the marks that text has. */
function isMedia(text: string): boolean {
  if (text.length < leastMediaChars) return false
  if (text.startsWith('data:')) return true
  // Base64 breaks lines at 76 characters if at all: a look at the first ones tells.
  return /^[A-Za-z0-9+/_-]{76}[A-Za-z0-9+/_=\r\n-]{180}/.test(text)
}
