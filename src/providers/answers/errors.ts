import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { ProviderError } from '#providers/meter.ts'
import { countOf, present, textOf } from './json.ts'

const maxMessageChars = 2_000

/**
 * The error that a body or an event carries, in any of the shapes seen: OpenAI's and Google's `{error: {…}}`,
 * Anthropic's `{type: "error", error: {…}}`, `{error: "text"}`, an array of one such object (Google's array form).
 * Null where it carries none.
 */
export function errorIn(json: JsonObject): ProviderError | null {
  const error = json['error']
  if (isObject(error)) return errorOf(error, json)
  if (typeof error === 'string' && error !== '') return { code: textOf(json['code']) ?? 'error', message: clip(error) }
  // A stream of the Responses API: {"type":"error","code":…,"message":…}
  if (json['type'] === 'error') return errorOf({ ...json, type: undefined }, json)
  if (json['object'] === 'error') return errorOf(json, json)
  return null
}

function errorOf(error: JsonObject, around: JsonObject): ProviderError {
  const type = textOf(error['type'])
  const status = textOf(error['status'])
  const statusCode = countOf(error['code']) ?? countOf(error['status_code'])
  const named = textOf(error['code']) ?? status ?? type
  return present<ProviderError>({
    code: named ?? (statusCode === undefined ? 'error' : String(statusCode)),
    message: clip(textOf(error['message']) ?? textOf(around['message']) ?? ''),
    type,
    status,
    statusCode,
  })
}

/** The error of an answer whose status says that it failed, whatever its body: JSON of any shape, HTML, nothing. */
export function errorOfFailure(status: number, json: unknown, body: Buffer): ProviderError {
  const object = Array.isArray(json) ? json.find(isObject) : json
  if (isObject(object)) {
    const found = errorIn(object)
    if (found !== null) return found
    const message = textOf(object['message']) ?? textOf(object['detail']) ?? textOf(object['title'])
    const code = textOf(object['code']) ?? textOf(object['type']) ?? `http_${status}`
    if (message !== undefined) return { code, message: clip(message) }
  }
  return { code: `http_${status}`, message: plainText(body) }
}

/** The words of a page, for people: markup and white space taken out. */
function plainText(body: Buffer): string {
  const text = body.toString('utf8', 0, 16_384).replace(/<(style|script)[^>]*>.*?<\/\1>/gis, ' ')
  return clip(
    text
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
    300,
  )
}

function clip(text: string, length = maxMessageChars): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
