import { isUtf8 } from 'node:buffer'
import type { InvalidAttribution } from '#core/attribution/said.ts'
import { readValue } from '#core/attribution/text.ts'
import { readDecimal } from '#core/money/decimal.ts'
import { type PicoUsd, picoUsd } from '#core/money/pico-usd.ts'
import { picoOfDecimal } from '#core/money/usd-text.ts'
import { withPlainNames } from '#lib/json-names.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'

/** Something of an event that cannot be booked: where it stands, `[2].usage.input_tokens`, and what is wrong. */
export class FieldFault extends Error {
  override readonly name = 'FieldFault'
  readonly path: string

  constructor(path: string, wrong: string) {
    super(path === '' ? `The body ${wrong}.` : `${path} ${wrong}.`)
    this.path = path
  }
}

/** Their numbers are kept as the text that was sent: a double may have rounded an amount, or made two ids one. */
const asSent = new Set(['total_usd', 'amount_usd', 'id', 'resource_id'])

/** @throws FieldFault */
export function parseBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw new FieldFault('', 'is not UTF-8')
  try {
    // Many a library escapes every letter beyond ASCII, in names of tags too.
    return JSON.parse(withPlainNames(body.toString()), (key, value, context?: { readonly source?: string }) =>
      typeof value === 'number' && asSent.has(key) ? (context?.source ?? String(value)) : value,
    )
  } catch {
    // Which byte is at fault says nothing to whoever made the event: no JSON library makes such a body.
    throw new FieldFault('', 'is not JSON')
  }
}

/** The object at the path; null where there is none. @throws FieldFault where something else is there */
export function objectAt(object: JsonObject, name: string, path: string): JsonObject | null {
  const value = object[name]
  if (value === undefined || value === null) return null
  if (isObject(value)) return value
  throw new FieldFault(path, 'must be an object')
}

/** Bounded text without control characters; empty where nothing is said. @throws FieldFault */
export function textOf(value: unknown, path: string): string {
  const text: string | InvalidAttribution = readValue(value, path)
  if (typeof text === 'string') return text
  throw new FieldFault(path, text.message.slice(path.length + 1))
}

/** The same where it must be said. @throws FieldFault */
export function requiredText(value: unknown, path: string): string {
  const text = textOf(value, path)
  if (text === '') throw new FieldFault(path, 'is missing')
  return text
}

/** A number of tokens; undefined where none is said. @throws FieldFault */
export function countOf(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= mostTokens) return value
  throw new FieldFault(path, `must be a whole number from 0 to ${mostTokens}`)
}

/** Far beyond any event, and so little that sums of them stay exact. */
const mostTokens = 1_000_000_000_000
const mostPicoUsd = 1_000_000_000n * 10n ** 12n

/** A JSON number or decimal text, exactly; digits beyond 1e-12 are rounded half to even. @throws FieldFault */
export function amountOf(value: unknown, path: string): PicoUsd | null {
  if (value === undefined || value === null) return null
  const decimal = typeof value === 'string' ? readDecimal(value) : null
  if (decimal === null) throw new FieldFault(path, 'must be an amount of USD: a number, or a text such as "0.0123"')
  const amount = picoOfDecimal(decimal)
  if (decimal.unscaled < 0n) throw new FieldFault(path, 'must not be negative')
  if (amount > mostPicoUsd) throw new FieldFault(path, 'must be at most 1000000000')
  return picoUsd(amount)
}

/** How far back an event may say that it was: as long as single records are kept. */
const oldestMs = 90 * 86_400_000
/** Unix times below it are in seconds: in milliseconds it is a day of 1973. */
const firstMs = 1e11

/**
 * When an event was, in Unix milliseconds: a time of ISO 8601, in UTC where it names no zone, or a Unix time in seconds
 * or milliseconds. Now where it is in the future, or so long ago that its records are gone. @throws FieldFault
 */
export function instantOf(value: unknown, path: string, nowMs: number): number {
  if (value === undefined || value === null) return nowMs
  const atMs = typeof value === 'number' ? Math.floor(value < firstMs ? value * 1000 : value) : isoMs(value)
  if (atMs === null || !Number.isSafeInteger(atMs))
    throw new FieldFault(path, 'must be a time such as "2026-01-31T12:00:00Z"')
  return atMs > nowMs || atMs <= nowMs - oldestMs ? nowMs : atMs
}

function isoMs(value: unknown): number | null {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}T/.test(value) || value.includes('[')) return null
  try {
    if (/(?:z|[+-]\d\d(?::?\d\d)?)$/i.test(value)) return Temporal.Instant.from(value).epochMilliseconds
    return Temporal.PlainDateTime.from(value).toZonedDateTime('UTC').epochMilliseconds
  } catch {
    // 2026-02-30 is no date.
    return null
  }
}
