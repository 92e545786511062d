import { z } from 'zod'
import { says } from './faults.ts'

/** A mapping with exactly these keys. An unknown key is a fault that lists the known ones (load.ts picks the nearest). */
export function shape<T extends z.ZodRawShape>(fields: T) {
  const known = Object.keys(fields).join(', ')
  return z.strictObject(fields, {
    error: ({ code, input }) =>
      code === 'unrecognized_keys'
        ? says('is not a setting', known)
        : says(input === undefined || input === null ? 'is empty' : 'is not a mapping', `a mapping with ${known}`),
  })
}

export function list<T extends z.ZodType>(item: T, expected: string, least = 0) {
  return z
    .array(item, {
      error: ({ input }) => {
        const wrong = input === undefined ? 'is missing' : input === null ? 'is empty' : 'is not a list'
        return says(wrong, `a list of ${expected}`)
      },
    })
    .min(least, says('is empty', `at least one of ${expected}, or the setting left out`))
}

/** One value, or a list of at least one. Faults of a single value stand at the setting itself. */
export function oneOrMore<T>(item: z.ZodType<T>, expected: string, most = 1_000) {
  const many = list(item, expected, 1).max(most, says('is too long', `at most ${most} of ${expected}`))
  return z.unknown().transform((input, context): readonly T[] => {
    const result = Array.isArray(input) ? many.safeParse(input) : item.safeParse(input)
    if (result.success) return Array.isArray(result.data) ? result.data : [result.data]
    for (const { message, path } of result.error.issues) {
      context.issues.push({ code: 'custom', message, path: [...path], input: undefined })
    }
    return z.NEVER
  })
}

/** A mapping with keys of the file's own choice. */
export function mappingOf<K extends string, T>(key: z.ZodType<K, string>, value: z.ZodType<T>, expected: string) {
  return z.record(key, value, {
    error: ({ code, input }) =>
      code === 'invalid_key'
        ? says('has a key that does not fit', expected)
        : says(input === null || input === undefined ? 'is empty' : 'is not a mapping', expected),
  })
}

/** The same schema for each of some keys: `shape({ ...each(names, schema) })`. */
export function each<Name extends string, T extends z.ZodType>(names: readonly Name[], schema: T): Record<Name, T> {
  // fromEntries forgets which names they were.
  return Object.fromEntries(names.map((name) => [name, schema])) as Record<Name, T>
}
