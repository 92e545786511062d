/** Reading JSON that strangers wrote: whatever is not as expected is absent, nothing throws. */

export type JsonObject = { readonly [key: string]: unknown }

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function objectIn(parent: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = parent?.[key]
  return isObject(value) ? value : undefined
}

/** The objects of an array; empty where there is no array. */
export function objectsIn(parent: JsonObject | undefined, key: string): readonly JsonObject[] {
  const value = parent?.[key]
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** A text with something in it. */
export function textIn(parent: JsonObject | undefined, key: string): string | undefined {
  const value = parent?.[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** No call counts as much: larger numbers are mistakes, and a sum of some could no longer be held exactly. */
const greatestCount = 1e12

/** A count: a whole number, not negative, that a call can have. Everything else was not reported. */
export function countIn(parent: JsonObject | undefined, key: string): number | undefined {
  const value = parent?.[key]
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= greatestCount
    ? value
    : undefined
}

/** JSON or undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The sum of what is known; undefined where nothing is. */
export function sumOf(...counts: readonly (number | undefined)[]): number | undefined {
  let sum: number | undefined
  for (const count of counts) if (count !== undefined) sum = (sum ?? 0) + count
  return sum
}

/** Drops what is undefined, so that an absent count stays absent. */
export function present<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  const kept: Partial<T> = {}
  for (const key in values) if (values[key] !== undefined) kept[key] = values[key] as T[typeof key]
  return kept as T
}
