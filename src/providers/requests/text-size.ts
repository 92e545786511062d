import { isObject } from './facts.ts'

export interface TextSize {
  /** UTF-16 units, keys of objects included since tools and schemas are read by the model as text. */
  readonly chars: number
  readonly hasMedia: boolean
}

/** Shorter strings are taken for text whatever they look like. */
const leastMediaChars = 512

const mediaTypes: ReadonlySet<unknown> = new Set([
  'image_url',
  'input_image',
  'image',
  'input_audio',
  'file',
  'input_file',
  'document',
  'video_url',
])

/**
 * How much text a parsed request holds, whatever its shape. Walks without recursion: nesting is the caller's to choose.
 */
export function textSize(root: unknown): TextSize {
  let chars = 0
  let hasMedia = false
  const open: unknown[] = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value === 'string') {
      if (isMedia(value)) hasMedia = true
      else chars += value.length
    } else if (Array.isArray(value)) {
      for (const element of value) open.push(element)
    } else if (isObject(value)) {
      if (mediaTypes.has(value['type'])) hasMedia = true
      for (const key in value) {
        if (key === 'inlineData' || key === 'fileData' || key === 'inline_data' || key === 'file_data') hasMedia = true
        chars += key.length
        open.push(value[key])
      }
    } else {
      chars += 4
    }
  }
  return { chars, hasMedia }
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
