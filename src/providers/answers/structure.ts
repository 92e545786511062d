import { type JsonBounds, jsonExcess } from '#lib/json-bulk.ts'

/** Smaller texts are parsed in a moment, whatever they are. */
export const largeJsonBytes = 262_144

/** 60,000 tokens, each with twenty that it could have been, have ten million values. */
const mostStructure: JsonBounds = { depth: 1_000, members: 10_000, values: 10_000_000, shapes: 20_000 }

/**
 * Whether parsing would hold up all other calls, or take all memory, by what the JSON is made of: 256 MB of empty lists
 * become many gigabytes. No provider answers so; what does is passed on unread.
 */
export function isTooIntricate(json: Buffer): boolean {
  return json.length >= largeJsonBytes && jsonExcess(json, mostStructure) !== null
}
