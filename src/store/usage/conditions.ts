import type { RecordFilter, TimeRange } from '#core/ledger/questions.ts'
import { type FieldKind, recordFields } from '#core/ledger/record-fields.ts'

/** Collects the values of a statement: they go to the engine as bound parameters, never into the text. */
export class Bindings {
  readonly parameters: Record<string, string> = {}
  #count = 0

  /** Returns the placeholder of a text. */
  text(value: string): string {
    return this.#bind(value, 'String')
  }

  integer(value: number): string {
    return this.#bind(String(value), 'Int64')
  }

  integers(values: readonly number[]): string {
    return this.#bind(`[${values.join(',')}]`, 'Array(Int64)')
  }

  #bind(value: string, type: string): string {
    const name = `p${this.#count++}`
    this.parameters[name] = value
    return `{${name}:${type}}`
  }
}

/** The condition that a filter sets, on the records as on the roll-ups, whose columns have the same names. */
export function filterCondition(filter: RecordFilter, bindings: Bindings): string {
  const { on } = filter
  const subject = 'tag' in on ? `tags[${bindings.text(on.tag)}]` : on.field
  const kind: FieldKind = 'tag' in on ? 'text' : recordFields[on.field].kind
  const parts = filter.values.map(
    (value) => `${subject} ${operators[filter.test]} ${typed(kind, bindings.text(value))}`,
  )
  return `(${parts.join(filter.test === 'differs' ? ' AND ' : ' OR ')})`
}

export function recordsWithin(range: TimeRange, bindings: Bindings): string {
  const from = instant(range.fromMs, bindings)
  return `timestamp >= ${from} AND timestamp < ${instant(range.toMs, bindings)}`
}

/** Whole hours: the hour in which the range begins is in it. */
export function hoursWithin(range: TimeRange, bindings: Bindings): string {
  const from = instant(range.fromMs, bindings)
  return `hour >= toStartOfHour(${from}) AND hour < ${instant(range.toMs, bindings)}`
}

export function instant(ms: number, bindings: Bindings): string {
  return `fromUnixTimestamp64Milli(toInt64(${bindings.text(String(Math.round(ms)))}), 'UTC')`
}

const operators: Readonly<Record<RecordFilter['test'], string>> = {
  equals: '=',
  differs: '!=',
  over: '>',
  under: '<',
  from: '>=',
  to: '<=',
}

function typed(kind: FieldKind, placeholder: string): string {
  switch (kind) {
    case 'text':
      return placeholder
    case 'count':
      return `toUInt64(${placeholder})`
    case 'number':
      return `toFloat64(${placeholder})`
    case 'money':
      return `toDecimal128(${placeholder}, 12)`
    case 'flag':
      return `toBool(${placeholder})`
  }
}
