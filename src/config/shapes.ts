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
    .array(item, { error: ({ input }) => says(input === null ? 'is empty' : 'is not a list', `a list of ${expected}`) })
    .min(least, says('is empty', `at least one of ${expected}, or the setting left out`))
}
