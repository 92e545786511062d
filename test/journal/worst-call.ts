import { maxTagNameLength } from '#core/attribution/tags.ts'
import { maxValueLength } from '#core/attribution/text.ts'
import type { CallFacts } from '#core/ledger/entry.ts'
import { longestModel, longestName, mostTagsOfEntry } from '#core/ledger/entry-bounds.ts'

/** Of the characters that take most in a line: JSON writes `\u0000` for each. */
export const worst = (length: number, index = 0): string => String(index).padStart(length, '\0')
export const members = (count: number, length: number) =>
  Array.from({ length: count }, (_, index) => worst(length, index))

/** The facts of the longest call. */
export function worstCall(): CallFacts {
  const value = worst(maxValueLength)
  return {
    callId: worst(longestName),
    requestId: worst(longestName, 1),
    startedAtMs: Number.MAX_VALUE,
    payer: {
      ...{ department: value, project: value, costCenter: value, userId: value, sessionId: value },
      ...{ featureFlag: value, requestPath: value },
      tags: Object.fromEntries(members(mostTagsOfEntry, maxTagNameLength).map((name) => [name, value])),
    },
    ...{ keyId: worst(longestName), vendor: worst(longestName), upstream: worst(longestName) },
    modelRequested: worst(longestModel),
    modelRouted: worst(longestModel, 1),
    endpoint: 'audio.transcriptions',
    stream: true,
    promptHash: worst(longestName),
  }
}
