import type { GroupKey, RecordFilter, TimeBucket } from '#core/ledger/questions.ts'
import {
  type FieldKind,
  groupFieldNames,
  isRecordField,
  type RecordFieldName,
  recordFields,
} from '#core/ledger/record-fields.ts'
import { closest } from '#lib/closest.ts'
import { plainDecimal } from '#lib/decimal-text.ts'
import { ParameterFault } from './fault.ts'

/** Shorter names that people use for a field. */
const otherNames: Readonly<Record<string, RecordFieldName>> = {
  key: 'api_key_id',
  api_key: 'api_key_id',
  status: 'status_code',
  user: 'user_id',
  session: 'session_id',
}

const timeBuckets: readonly TimeBucket[] = ['hour', 'day', 'week', 'month']

/** A group and the name it was asked under, which the answer uses. */
export interface NamedGroup {
  readonly name: string
  readonly key: GroupKey
}

/** @throws ParameterFault */
export function parseGroups(text: string): NamedGroup[] {
  const names = text.split(',').map((name) => name.trim())
  const groups = names.filter((name) => name !== '').map((name) => ({ name, key: parseGroup(name) }))
  const twice = groups.find(({ key }, index) => groups.findIndex((other) => same(other.key, key)) !== index)
  if (twice !== undefined) throw new ParameterFault('group_by', twice.name, 'every field once')
  if (groups.length > 8) throw new ParameterFault('group_by', text, 'at most 8 fields')
  return groups
}

function parseGroup(name: string): GroupKey {
  const bucket = timeBuckets.find((known) => known === name)
  if (bucket !== undefined) return { bucket }
  const tag = tagOf(name)
  if (tag !== null) return { tag }
  const field = fieldNamed(name)
  if (field !== null && recordFields[field].group) return { field }
  throw new ParameterFault(
    'group_by',
    name,
    `a field of the record, tag:<name>, hour, day, week or month${nearest(name)}`,
  )
}

const tests: Readonly<Record<string, RecordFilter['test']>> = {
  eq: 'equals',
  not: 'differs',
  gt: 'over',
  lt: 'under',
  gte: 'from',
  lte: 'to',
}

/** What is compared, and the word for how: `eq` where the name itself ends in such a word, as of a tag `env.not`. */
export function splitFilter(name: string): { readonly subject: string; readonly operator: string | null } {
  const [, subject = name, operator = null] = /^(.*)\.(eq|not|gt|lt|gte|lte)$/s.exec(name) ?? []
  return { subject, operator }
}

/** Fields whose blanks are kept when they are booked: they are as others wrote them. */
const withBlanks: ReadonlySet<RecordFieldName> = new Set(['error_message', 'model_requested', 'model_served'])

/**
 * A filter from its name (`department`, `tag:env`, `cost_usd.gte`) and its values, any of which may hold.
 *
 * @throws ParameterFault naming `parameter`.
 */
export function parseFilter(parameter: string, name: string, values: readonly string[]): RecordFilter {
  const { subject, operator } = splitFilter(name)
  const test = operator === null ? 'equals' : (tests[operator] ?? 'equals')
  const tag = tagOf(subject)
  const field = tag === null ? fieldNamed(subject) : null
  if (tag === null && field === null) {
    throw new ParameterFault(parameter, subject, `a field of the record or tag:<name>${nearest(subject)}`)
  }
  const kind: FieldKind = field === null ? 'text' : recordFields[field].kind
  if (test !== 'equals' && test !== 'differs' && (kind === 'text' || kind === 'flag')) {
    throw new ParameterFault(parameter, name, `no order: ${subject} only equals or differs`)
  }
  const tidy = (value: string) => (field !== null && withBlanks.has(field) ? value : value.trim())
  const checked = values.map((value) => checkValue(parameter, kind, tidy(value)))
  return { on: field === null ? { tag: tag ?? '' } : { field }, test, values: checked }
}

export function fieldNamed(name: string): RecordFieldName | null {
  if (isRecordField(name)) return name
  return Object.hasOwn(otherNames, name) ? (otherNames[name] ?? null) : null
}

function tagOf(name: string): string | null {
  return name.startsWith('tag:') && name.length > 4 ? name.slice(4) : null
}

function checkValue(parameter: string, kind: FieldKind, value: string): string {
  switch (kind) {
    case 'text':
      return value
    case 'count':
      if (/^\d{1,18}$/.test(value)) return value
      throw new ParameterFault(parameter, value, 'a whole number')
    case 'number':
      if (/^-?\d{1,15}(\.\d{1,15})?$/.test(value)) return value
      throw new ParameterFault(parameter, value, 'a number')
    case 'money': {
      const plain = /^-?\d{1,25}(\.\d{1,12})?$/.test(value) ? plainDecimal(value) : null
      if (plain !== null) return plain
      throw new ParameterFault(parameter, value, 'an amount such as 0.25, of at most 12 decimal places')
    }
    case 'flag':
      if (value === 'true' || value === 'false') return value
      throw new ParameterFault(parameter, value, 'true or false')
  }
}

function nearest(name: string): string {
  const [near] = closest(name, [...groupFieldNames, ...timeBuckets, ...Object.keys(otherNames)], { most: 1 })
  return near === undefined ? '' : ` (perhaps ${near})`
}

function same(a: GroupKey, b: GroupKey): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
