import { isObject, type JsonObject } from '#lib/json-object.ts'

/** Neither absent nor null, nor an empty list. */
export function said(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
}

/** A number above zero. Some backends take numbers that are written as texts, as protobuf's JSON has them. */
export function count(given: unknown): number | null {
  const value = typeof given === 'string' && /^[0-9]{1,15}$/.test(given) ? Number(given) : given
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null
}

/** Gemini's settings. Both spellings are taken here and within, though not side by side. */
export function geminiConfig(root: JsonObject): JsonObject | null {
  const config = root['generationConfig'] ?? root['generation_config']
  return isObject(config) ? config : null
}
