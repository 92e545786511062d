import { isObject, type Json, type JsonObject, listOf, numberOf, textOf } from './json.ts'

/**
 * A value that a JSON schema accepts, for tool arguments and structured answers. Knows the usual words ($ref, anyOf,
 * enum, const, bounds, Gemini's types in capitals); what it does not know it leaves out. Pure.
 */
export function sampleOf(schema: Json, random: () => number): Json {
  return sample(schema, { root: schema, random, depth: 0 })
}

interface Context {
  readonly root: Json
  readonly random: () => number
  readonly depth: number
}

function sample(schema: Json, context: Context): Json {
  if (!isObject(schema)) return {}
  const inner = { ...context, depth: context.depth + 1 }
  const reference = textOf(schema['$ref'])
  if (reference !== null && context.depth < 12) return sample(resolve(reference, context.root), inner)
  if (schema['const'] !== undefined) return schema['const']
  const choices = listOf(schema['enum'])
  if (choices.length > 0) return choices[Math.floor(context.random() * choices.length)] ?? null
  for (const word of ['anyOf', 'oneOf', 'allOf'] as const) {
    const first = listOf(schema[word])[0]
    if (first !== undefined) return sample(first, inner)
  }
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, inner)
    case 'array':
      return context.depth > 8 ? [] : sampleArray(schema, inner)
    case 'string':
      return sampleString(schema, context.random)
    case 'integer':
    case 'number':
      return sampleNumber(schema, context.random)
    case 'boolean':
      return context.random() < 0.5
    case 'null':
      return null
    default:
      return schema['properties'] ? sampleObject(schema, inner) : 'sample'
  }
}

function typeOf(schema: JsonObject): string {
  const type = schema['type']
  const named = Array.isArray(type) ? type.find((one) => one !== 'null') : type
  return textOf(named)?.toLowerCase() ?? ''
}

/** All properties while the nesting is shallow, later only the required ones: recursive schemas must come to an end. */
function sampleObject(schema: JsonObject, context: Context): Json {
  const properties = schema['properties']
  if (!isObject(properties)) return {}
  const required = new Set(listOf(schema['required']))
  const made: Record<string, Json> = {}
  for (const [name, property] of Object.entries(properties)) {
    if (context.depth > 5 && !required.has(name)) continue
    made[name] = sample(property, context)
  }
  return made
}

function sampleArray(schema: JsonObject, context: Context): Json {
  const count = Math.max(numberOf(schema['minItems']) ?? 1, 1)
  const items = schema['items']
  if (items === undefined) return []
  return Array.from({ length: Math.min(count, 16) }, () => sample(items, context))
}

const words = ['Hanoi', 'Berlin', 'amber', 'harbour', 'seven', 'Zürich', 'ledger', 'river']

function sampleString(schema: JsonObject, random: () => number): string {
  switch (textOf(schema['format'])) {
    case 'date':
      return '2026-03-14'
    case 'date-time':
      return '2026-03-14T09:26:53Z'
    case 'email':
      return 'someone@example.com'
    case 'uri':
      return 'https://example.com/'
    default: {
      const word = words[Math.floor(random() * words.length)] ?? 'word'
      return word.padEnd(numberOf(schema['minLength']) ?? 0, '.').slice(0, numberOf(schema['maxLength']) ?? 200)
    }
  }
}

function sampleNumber(schema: JsonObject, random: () => number): number {
  const low = numberOf(schema['minimum']) ?? (numberOf(schema['exclusiveMinimum']) ?? 0) + 1
  const high = Math.max(low, numberOf(schema['maximum']) ?? low + 41)
  return low + Math.floor(random() * (high - low))
}

function resolve(reference: string, root: Json): Json {
  let at: Json = root
  for (const step of reference.replace(/^#\/?/, '').split('/')) {
    if (step === '') continue
    at = isObject(at) ? (at[step] ?? {}) : {}
  }
  return at
}
