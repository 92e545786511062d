import { type ZodObject, type ZodType, z } from 'zod'
import type { RecordFilter } from '#core/ledger/questions.ts'
import { closest } from '#lib/closest.ts'
import { ParameterFault } from '#reports/fault.ts'
import { fieldNamed, parseFilter, splitFilter } from '#reports/fields.ts'
import type { FilterForm } from './route.ts'

export type RawQuery = Readonly<Record<string, string | readonly string[] | undefined>>

/** The parameters that every question about a time shares. */
export const rangeParameters = {
  from: z.string().optional().meta({ description: 'Start, in the range. A date, a month or a time (ISO 8601).' }),
  to: z.string().optional().meta({ description: 'End, not in the range. A date, a month or a time. Default: now.' }),
  range: z.string().optional().meta({ description: 'Instead of from: so long before the end, as 24h, 7d or 4w.' }),
  timezone: z.string().default('UTC').meta({
    description:
      'Time zone of days, weeks and months, and of times without a zone of their own: an IANA name, or an offset such as +02:00.',
  }),
  fresh: z.enum(['true', 'false']).default('false').meta({
    description:
      'true: wait until every call that has ended is counted (5 s at most). Otherwise those that ended 0.3 s ago are (1 s at most).',
  }),
}

export function wholeNumber(min: number, max: number, usual: number) {
  return z.coerce.number().int().min(min).max(max).default(usual)
}

/** The parameters and filters of a request. @throws ParameterFault naming what is wrong and what is expected. */
export function parseQuery(
  schema: ZodObject,
  raw: RawQuery,
  form: FilterForm,
): { values: Record<string, unknown>; filters: RecordFilter[] } {
  const given: Record<string, string> = {}
  const filters: RecordFilter[] = []
  for (const [name, value] of Object.entries(raw)) {
    const values = typeof value === 'string' ? [value] : [...(value ?? [])]
    const [first = ''] = values
    if (Object.hasOwn(schema.shape, name)) {
      if (values.length > 1) throw new ParameterFault(name, values.join(', '), 'it once')
      given[name] = first
    } else {
      const filter = filterName(name, form)
      if (filter === null) throw new ParameterFault(name, first, `one of ${knownNames(schema, form)}`)
      filters.push(parseFilter(name, filter, values))
    }
  }
  return { values: checked(schema, given, (path) => given[path]) as Record<string, unknown>, filters }
}

/** A JSON body. A member that nobody knows is a fault: left out, it would answer another question. @throws ParameterFault */
export function parseBody(schema: ZodObject, body: unknown): Record<string, unknown> {
  if (Array.isArray(body) || typeof body !== 'object' || body === null) {
    throw new ParameterFault('body', String(body), 'a JSON object')
  }
  const fields: Record<string, unknown> = { ...body }
  const known = Object.keys(schema.shape)
  const unknown = Object.keys(fields).filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    const [near] = closest(unknown[0] ?? '', known, { most: 1 })
    const perhaps = near === undefined ? '' : ` (perhaps ${near})`
    throw new ParameterFault(unknown.join(', '), unknown.join(', '), `only ${known.join(', ')}${perhaps}`)
  }
  return checked(schema, fields, (path) => fields[path]) as Record<string, unknown>
}

function checked(schema: ZodType, value: unknown, at: (path: string) => unknown): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const name = String(parsed.error.issues[0]?.path[0] ?? 'body')
  throw new ParameterFault(name, String(at(name)), expectation(schema, name))
}

/** What a parameter's schema expects, in words. */
function expectation(schema: ZodType, name: string): string {
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).properties?.[name]
  if (described === undefined || typeof described === 'boolean') return 'something else'
  if (described.enum !== undefined) return `one of ${described.enum.join(', ')}`
  if (described.type === 'integer') return `a whole number from ${described.minimum} to ${described.maximum}`
  if (described.type === 'boolean') return 'true or false'
  return described.type === 'string' ? 'a text' : String(described.type ?? 'something else')
}

function filterName(name: string, form: FilterForm): string | null {
  if (form === 'none') return null
  if (name.startsWith('filter.')) return name.slice('filter.'.length)
  if (form !== 'both') return null
  const { subject } = splitFilter(name)
  return subject.startsWith('tag:') || fieldNamed(subject) !== null ? name : null
}

function knownNames(schema: ZodObject, form: FilterForm): string {
  const names = Object.keys(schema.shape)
  if (form !== 'none') names.push('filter.<field>')
  if (form === 'both') names.push('a field of the record')
  return names.join(', ')
}
