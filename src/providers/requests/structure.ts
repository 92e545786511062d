import { type JsonBounds, jsonExcess } from '#lib/json-bulk.ts'
import { type RequestRefusal, refusal } from './facts.ts'

/** Shorter bodies cannot hold much, and most are: of those nothing is counted. */
export const leastCountedBytes = 262_144

/**
 * Far beyond any honest request: 200,000 messages of two parts each have 1.8 million values, and their names make four
 * shapes. Other calls wait while a body is parsed, so these bounds are what one caller can make them wait.
 */
const mostStructure: JsonBounds = { depth: 1_000, members: 10_000, values: 2_000_000, shapes: 20_000 }

const excessive: Readonly<Record<keyof JsonBounds, string>> = {
  depth: `it is nested more than ${shownCount(mostStructure.depth)} deep`,
  members: `one of its objects has more than ${shownCount(mostStructure.members)} members`,
  values: `it has more than ${shownCount(mostStructure.values)} values`,
  shapes: `its objects have too many different names (${shownCount(mostStructure.shapes)} sequences of them at most)`,
}

/** What of a JSON body's structure is more than is read here; null = nothing. To be asked of large bodies, before they are parsed. */
export function faultOfStructure(body: Buffer): RequestRefusal | null {
  const excess = jsonExcess(body, mostStructure)
  return excess === null ? null : refusal('invalid_request', `the body cannot be read: ${excessive[excess]}`)
}

function shownCount(count: number): string {
  return count.toLocaleString('en-US')
}
