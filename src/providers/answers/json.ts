/**
 * Reading JSON that strangers wrote: whatever is not as expected is absent, nothing throws. `…Of` take a value,
 * `…In` read it by a name: that is shorter, but costs several times as much where a name is written out at the call,
 * because JSON comes in too many shapes for one place to remember.
 */

import { hash } from 'node:crypto'
import { bounded, longestModel, longestResponseId } from '#core/ledger/entry-bounds.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'

export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined
}

export function objectIn(parent: JsonObject | undefined, key: string): JsonObject | undefined {
  return objectOf(parent?.[key])
}

/** The objects of an array; empty where there is no array. */
export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value.every(isObject) ? value : value.filter(isObject)) : noObjects
}

const noObjects: readonly JsonObject[] = []

export function objectsIn(parent: JsonObject | undefined, key: string): readonly JsonObject[] {
  return objectsOf(parent?.[key])
}

/** A text with something in it. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The same of a name: of a model, a tier or a place. Longer ones are cut, since they are kept. */
export function nameOf(value: unknown): string | undefined {
  const text = textOf(value)
  return text === undefined ? undefined : bounded(text, longestModel)
}

/** The same of an id by which something is fetched later. In place of what is too long stands a digest of the whole. */
export function idOf(value: unknown): string | undefined {
  const text = textOf(value)
  if (text === undefined || text.length <= longestResponseId) return text
  const digest = hash('sha256', text, 'hex')
  return `${bounded(text, longestResponseId - 1 - digest.length)}~${digest}`
}

export function textIn(parent: JsonObject | undefined, key: string): string | undefined {
  return textOf(parent?.[key])
}

/** No call counts as much: larger numbers are mistakes, and a sum of some could no longer be held exactly. */
const greatestCount = 1e12

/** A count: a whole number, not negative, that a call can have. Everything else was not reported. */
export function countOf(value: unknown): number | undefined {
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

/** The sum of an object's counts above zero whose names are not known; undefined where there is none. */
export function otherCounts(object: JsonObject | undefined, known: ReadonlySet<string>): number | undefined {
  let sum: number | undefined
  for (const name in object) {
    const count = known.has(name) ? 0 : (countOf(object[name]) ?? 0)
    if (count > 0) sum = (sum ?? 0) + count
  }
  return sum
}

/** Drops what is undefined, so that an absent count stays absent. */
export function present<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  const kept: Partial<T> = {}
  for (const key in values) if (values[key] !== undefined) kept[key] = values[key] as T[typeof key]
  return kept as T
}
