import { topLevelMembers } from '#lib/json-members.ts'
import { withPlainNames } from '#lib/json-names.ts'
import { isObject } from '#lib/json-object.ts'

/**
 * Parses a `metadata`, with whole numbers that a double cannot hold as the text that stands there: ids of users often
 * are such numbers, and two of them must not become one.
 */
export function parseMetadata(text: string): unknown {
  return JSON.parse(text.includes('\\') ? withPlainNames(text) : text, exactly)
}

/** The very same root, unless its `metadata` has such a number in the place of a value of ours. */
export function withExactMetadata(root: Record<string, unknown>, body: Buffer): Record<string, unknown> {
  const { metadata } = root
  if (!isObject(metadata) || !Object.values(metadata).some(holdsRough)) return root
  const member = topLevelMembers(body)?.find(({ key }) => key === 'metadata')
  if (member === undefined) return root
  return { ...root, metadata: parseMetadata(body.toString('utf8', member.valueStart, member.valueEnd)) }
}

/** Itself, or one level down: tags are an object. */
function holdsRough(value: unknown): boolean {
  return isRough(value) || (isObject(value) && Object.values(value).some(isRough))
}

function isRough(value: unknown): boolean {
  return (
    typeof value === 'number' && !Number.isSafeInteger(value) && (Number.isInteger(value) || !Number.isFinite(value))
  )
}

/** A reviver is told what stood in the text: https://tc39.es/proposal-json-parse-with-source/ */
function exactly(_name: string, value: unknown, from: { readonly source?: string } = {}): unknown {
  return isRough(value) ? (from.source ?? value) : value
}
