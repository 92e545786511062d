import { type JsonBounds, jsonExcess } from '#lib/json-bulk.ts'
import type { BodyForm } from '../endpoints.ts'
import { type RequestRefusal, refusal } from './facts.ts'

/** Shorter bodies cannot hold much, and most are: of those nothing is counted. */
export const leastCountedBytes = 262_144

/**
 * Far beyond any honest request: 200,000 messages of two parts each have 1.8 million values, and their names make four
 * shapes. Other calls wait while a body is parsed, so these bounds are what one caller can make them wait.
 */
const mostStructure: JsonBounds = { depth: 1_000, members: 10_000, values: 2_000_000, shapes: 20_000 }
/** Of a batch, which has up to 100,000 requests in it. */
const mostOfBatches: JsonBounds = { ...mostStructure, values: 5_000_000 }

const excessive: Readonly<Record<keyof JsonBounds, (most: string) => string>> = {
  depth: (most) => `it is nested more than ${most} deep`,
  members: (most) => `one of its objects has more than ${most} members`,
  values: (most) => `it has more than ${most} values`,
  shapes: (most) => `its objects have too many different names (${most} sequences of them at most)`,
}

/** What of a JSON body's structure is more than is read here; null = nothing. To be asked of large bodies, before they are parsed. */
export function faultOfStructure(body: Buffer, form: BodyForm = 'json'): RequestRefusal | null {
  const bounds = form === 'metadata' ? mostOfBatches : mostStructure
  const excess = jsonExcess(body, bounds)
  if (excess === null) return null
  return refusal('invalid_request', `the body cannot be read: ${excessive[excess](shownCount(bounds[excess]))}`)
}

function shownCount(count: number): string {
  return count.toLocaleString('en-US')
}
