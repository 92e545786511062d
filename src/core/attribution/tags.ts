import { type InvalidAttribution, invalid } from './said.ts'
import { readValue } from './text.ts'

/** Most tags that one source may set. */
export const maxTags = 32

/** Longest name of a tag, in UTF-16 code units. */
export const maxTagNameLength = 64

/** JSON writes them with a backslash, and JSON.parse may take such a name for another: see lib/json-names.ts. */
const escaped = /["\\]/

/** What a tag without a value, as in `beta, team=search`, is set to. */
const bareTagValue = 'true'

type TagsReading = { readonly kind: 'tags'; readonly tags: Readonly<Record<string, string>> } | InvalidAttribution

/**
 * Reads tags in any of the forms that clients send: an object of scalars, a list of texts, or one text. In the texts
 * a tag is `name=value` or a bare `name`, which gets the value `true`; one text separates its tags by commas. Blank
 * tags and tags without a value (`name=`) say nothing. Of two tags of one name the last wins.
 */
export function readTags(value: unknown, field: string): TagsReading {
  const pairs = tagPairs(value)
  if (pairs === null) return invalid(field, 'must be an object of strings, a list of strings, or text like "a=1, b=2"')
  if (pairs.length > maxTags) return invalid(field, `has more than ${maxTags} tags`)
  const tags = new Map<string, string>()
  for (const [rawName, rawValue] of pairs) {
    const name = readTagName(rawName, `${field}, the name of a tag,`)
    if (typeof name !== 'string') return name
    const text = readValue(rawValue, `${field}, the value of a tag,`)
    if (typeof text !== 'string') return text
    if (text === '') continue
    if (name === '') return invalid(field, 'has a tag without a name')
    tags.set(name, text)
  }
  // fromEntries defines properties: a tag called `__proto__` stays a tag.
  return { kind: 'tags', tags: Object.fromEntries(tags) }
}

/** The name as it is kept, '' for a blank one. It is in the journal and in every report, in JSON that others read too. */
export function readTagName(given: string, field: string): string | InvalidAttribution {
  const name = readValue(given, field, maxTagNameLength)
  if (typeof name === 'string' && escaped.test(name)) return invalid(field, 'holds a quotation mark or a backslash')
  return name
}

function tagPairs(value: unknown): readonly (readonly [string, unknown])[] | null {
  if (typeof value === 'string') return value.split(',').flatMap(pairOf)
  if (Array.isArray(value)) {
    return value.every((item) => typeof item === 'string') ? value.flatMap(pairOf) : null
  }
  return typeof value === 'object' && value !== null ? Object.entries(value) : null
}

function pairOf(item: string): [string, string][] {
  if (item.trim() === '') return []
  const equals = item.indexOf('=')
  return equals < 0 ? [[item, bareTagValue]] : [[item.slice(0, equals), item.slice(equals + 1)]]
}
