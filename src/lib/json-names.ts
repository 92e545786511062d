import { topLevelMembers } from './json-members.ts'

/** Objects in objects that are looked into. Those in lists, such as messages, are not. */
const deepest = 4

const openBrace = 0x7b

/**
 * Whether JSON.parse may have taken a name in this object, or in one that is a member of it, for another.
 *
 * V8 takes a name with an escape in it for one that it has met before in such an object and that begins with the same
 * bytes: after `{"a":1,"mod\\u":1}` it reads `{"a":1,"mod\u0065l":1}` as that again
 * (https://github.com/nodejs/node/issues/63785). What it takes a name for then has a backslash.
 */
export function mayBeMisread(object: object, depth = 0): boolean {
  for (const [name, value] of Object.entries(object)) {
    if (name.includes('\\')) return true
    if (depth < deepest && isObject(value) && mayBeMisread(value, depth + 1)) return true
  }
  return false
}

/**
 * The object that stands at `from`, the names of its members read one by one: alone, V8 reads each right. The bytes must
 * be known to be valid JSON.
 */
export function readObject(body: Buffer, from = 0, depth = 0): Record<string, unknown> {
  const members = topLevelMembers(body, from) ?? []
  const entries = members.map(({ key, valueStart, valueEnd }) => {
    const isInner = depth < deepest && body[valueStart] === openBrace
    const value: unknown = isInner
      ? readObject(body, valueStart, depth + 1)
      : JSON.parse(body.toString('utf8', valueStart, valueEnd))
    return [key, value] as const
  })
  return Object.fromEntries(entries)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
