import { ByteWriter } from './byte-writer.ts'
import { type ColumnWriter, type NativeColumn, ValueFault } from './native.ts'
import { TextDictionary } from './text-dictionary.ts'
import type { UsageLine, UsageRow } from './usage-row.ts'

type Of<Value> = (row: UsageRow) => Value
/** Where a column's value stands in a row of bytes, or how it is made from one. */
type From<Value> = number | ((line: UsageLine) => Value)

/** Any text. */
export function text(name: string, of: Of<string>, slot: number): NativeColumn {
  return plain(name, 'String', {
    of,
    check: null,
    put: (bytes, value) => bytes.text(value),
    putLine: (bytes) => (line) => bytes.utf8(line.bytes, line.starts[slot] ?? 0, line.ends[slot] ?? 0),
  })
}

/**
 * A text of which few different ones are expected: they go into a dictionary, the rows are numbers into it. So neither
 * side handles a text more than once a block.
 */
export function label(name: string, of: Of<string>, from: From<string>): NativeColumn {
  return { name, type: 'LowCardinality(String)', of, check: null, writer: () => labelWriter(of, from) }
}

export function flag(name: string, of: Of<boolean>, from: From<boolean>): NativeColumn {
  const put = (bytes: ByteWriter, value: boolean) => bytes.uint8(value ? 1 : 0)
  const putLine = (bytes: ByteWriter): ((line: UsageLine) => void) =>
    typeof from === 'number' ? (line) => bytes.uint8(line.values[from] ?? 0) : (line) => put(bytes, from(line))
  return plain(name, 'Bool', { of, check: null, put, putLine })
}

/** A whole number of things. */
export function count(name: string, of: Of<number>, from: From<number>): NativeColumn {
  const check = whole(name, of, Number.MAX_SAFE_INTEGER)
  const putLine = (bytes: ByteWriter): ((line: UsageLine) => void) =>
    typeof from === 'number' ? (line) => bytes.uint64(line.values[from] ?? 0) : (line) => bytes.uint64(from(line))
  return plain(name, 'UInt64', { of, check, put: (bytes, value) => bytes.uint64(value), putLine })
}

export function smallCount(name: string, of: Of<number>, from: (line: UsageLine) => number): NativeColumn {
  return plain(name, 'UInt16', {
    of,
    check: whole(name, of, 65_535),
    put: (bytes, value) => bytes.uint16(value),
    putLine: (bytes) => (line) => bytes.uint16(from(line)),
  })
}

export function middleCount(name: string, of: Of<number>, from: (line: UsageLine) => number): NativeColumn {
  return plain(name, 'UInt32', {
    of,
    check: whole(name, of, 4_294_967_295),
    put: (bytes, value) => bytes.uint32(value),
    putLine: (bytes) => (line) => bytes.uint32(from(line)),
  })
}

export function float(name: string, of: Of<number>, from: (line: UsageLine) => number): NativeColumn {
  return plain(name, 'Float64', {
    of,
    check: finite(name, of),
    put: (bytes, value) => bytes.float64(value),
    putLine: (bytes) => (line) => bytes.float64(from(line)),
  })
}

export function floatOrNull(
  name: string,
  of: Of<number | null>,
  from: (line: UsageLine) => number | null,
): NativeColumn {
  const check = finite(name, (row) => of(row) ?? 0)
  const put = (bytes: ByteWriter, value: number | null) => bytes.float64(value ?? 0)
  return orNull(name, 'Float64', {
    of,
    check,
    put,
    putLine: (nulls, bytes) => (line) => {
      const value = from(line)
      nulls.uint8(value === null ? 1 : 0)
      put(bytes, value)
    },
  })
}

/** An amount in 1e-12 of its currency. */
export function money(name: string, of: Of<bigint>, slot: number): NativeColumn {
  return plain(name, 'Decimal(38, 12)', {
    of,
    check: amount(name, of),
    put: (bytes, value) => bytes.int128(value),
    putLine: (bytes) => (line) => bytes.uint128(line.values[slot] ?? 0),
  })
}

export function moneyOrNull(name: string, of: Of<bigint | null>, slot: number): NativeColumn {
  return orNull(name, 'Decimal(38, 12)', {
    of,
    check: amount(name, (row) => of(row) ?? 0n),
    put: (bytes, value) => bytes.int128(value ?? 0n),
    putLine: (nulls, bytes) => (line) => {
      nulls.uint8(line.starts[slot] === 0 ? 1 : 0)
      bytes.uint128(line.values[slot] ?? 0)
    },
  })
}

/** The roll-ups' hours end with 2105. */
const earliestMs = Date.UTC(1970, 0, 1)
export const latestMs = Date.UTC(2100, 0, 1)

/** Unix time in milliseconds. */
export function instant(name: string, of: Of<number>, slot: number): NativeColumn {
  const check = (row: UsageRow): void => {
    const ms = of(row)
    if (!(ms >= earliestMs && ms < latestMs)) throw new ValueFault(name, ms, 'a time between 1970 and 2100')
  }
  const put = (bytes: ByteWriter, value: number) => bytes.uint64(Math.floor(value))
  const putLine = (bytes: ByteWriter) => (line: UsageLine) => bytes.uint64(line.values[slot] ?? 0)
  return plain(name, "DateTime64(3, 'UTC')", { of, check, put, putLine })
}

/** In a row of bytes: how many entries it has, and the slot of the first key, behind which its value and the others stand. */
interface MapSlots {
  readonly count: number
  readonly first: number
}

export function textMap(name: string, of: Of<Readonly<Record<string, string>>>, slots: MapSlots): NativeColumn {
  const writer = () => {
    const [ends, keys, values] = [new ByteWriter(), new ByteWriter(), new ByteWriter()]
    let end = 0
    return {
      add(row: UsageRow) {
        for (const [key, value] of Object.entries(of(row))) {
          keys.text(key)
          values.text(value)
          end++
        }
        ends.uint64(end)
      },
      addLine({ bytes, starts, ends: textEnds, values: numbers }: UsageLine) {
        const count = numbers[slots.count] ?? 0
        for (let slot = slots.first; slot < slots.first + 2 * count; slot += 2) {
          keys.utf8(bytes, starts[slot] ?? 0, textEnds[slot] ?? 0)
          values.utf8(bytes, starts[slot + 1] ?? 0, textEnds[slot + 1] ?? 0)
        }
        end += count
        ends.uint64(end)
      },
      // Where the entries of each row end among those of all rows, then all keys, then all values.
      done: () => [ends.done(), keys.done(), values.done()],
    }
  }
  return { name, type: 'Map(String, String)', of, check: null, writer }
}

/** Rows of bytes have none. */
export function numberMap(name: string, of: Of<Readonly<Record<string, number>>>): NativeColumn {
  const check = (row: UsageRow): void => {
    for (const [key, value] of Object.entries(of(row)))
      if (!Number.isFinite(value)) throw new ValueFault(`${name}.${key}`, value, 'a finite number')
  }
  const writer = () => {
    const [ends, keys, values] = [new ByteWriter(), new ByteWriter(), new ByteWriter()]
    let end = 0
    return {
      add(row: UsageRow) {
        for (const [key, value] of Object.entries(of(row))) {
          keys.text(key)
          values.float64(value)
          end++
        }
        ends.uint64(end)
      },
      addLine: () => ends.uint64(end),
      done: () => [ends.done(), keys.done(), values.done()],
    }
  }
  return { name, type: 'Map(String, Float64)', of, check, writer }
}

/** Rows of bytes have none. */
export function texts(name: string, of: Of<readonly string[]>): NativeColumn {
  const writer = () => {
    const [ends, elements] = [new ByteWriter(), new ByteWriter()]
    let end = 0
    return {
      add(row: UsageRow) {
        const list = of(row)
        for (const element of list) elements.text(element)
        end += list.length
        ends.uint64(end)
      },
      addLine: () => ends.uint64(end),
      done: () => [ends.done(), elements.done()],
    }
  }
  return { name, type: 'Array(String)', of, check: null, writer }
}

interface Plain<Value> {
  readonly of: Of<Value>
  readonly check: ((row: UsageRow) => void) | null
  readonly put: (bytes: ByteWriter, value: Value) => void
  /** Made for each column, so that its rows take one call. */
  readonly putLine: (bytes: ByteWriter) => (line: UsageLine) => void
}

/** Values one behind the other. */
function plain<Value>(name: string, type: string, { of, check, put, putLine }: Plain<Value>): NativeColumn {
  const writer = () => {
    const bytes = new ByteWriter()
    return { add: (row: UsageRow) => put(bytes, of(row)), addLine: putLine(bytes), done: () => [bytes.done()] }
  }
  return { name, type, of, check, writer }
}

interface OrNull<Value> extends Omit<Plain<Value>, 'putLine'> {
  readonly putLine: (nulls: ByteWriter, bytes: ByteWriter) => (line: UsageLine) => void
}

/** A byte for each row that says whether its value is null, then the values. */
function orNull<Value>(name: string, type: string, { of, check, put, putLine }: OrNull<Value>): NativeColumn {
  const writer = () => {
    const [nulls, bytes] = [new ByteWriter(), new ByteWriter()]
    return {
      add(row: UsageRow) {
        const value = of(row)
        nulls.uint8(value === null ? 1 : 0)
        put(bytes, value)
      },
      addLine: putLine(nulls, bytes),
      done: () => [nulls.done(), bytes.done()],
    }
  }
  return { name, type: `Nullable(${type})`, of, check, writer }
}

/** Version 1, then: 32-bit numbers and a dictionary of this block; the dictionary; the number of each row's text in it. */
const dictionaryVersion = 1
const dictionaryOf32Bits = 2 | (1 << 9) | (1 << 10)

function labelWriter(of: Of<string>, from: From<string>): ColumnWriter {
  const [dictionary, numbers] = [new TextDictionary(), new ByteWriter()]
  const known = new Map<string, number>()
  let rowCount = 0
  const put = (value: string): void => {
    let number = known.get(value)
    if (number === undefined) {
      const bytes = Buffer.from(value)
      number = dictionary.numberOf(bytes, 0, bytes.length)
      known.set(value, number)
    }
    numbers.uint32(number)
    rowCount++
  }
  return {
    add: (row) => put(of(row)),
    addLine:
      typeof from === 'function'
        ? (line) => put(from(line))
        : ({ bytes, starts, ends }) => {
            numbers.uint32(dictionary.numberOf(bytes, starts[from] ?? 0, ends[from] ?? 0))
            rowCount++
          },
    done() {
      const head = new ByteWriter(24)
      for (const value of [dictionaryVersion, dictionaryOf32Bits, dictionary.size]) head.uint64(value)
      const texts = new ByteWriter()
      for (const bytes of dictionary.texts()) texts.utf8(bytes, 0, bytes.length)
      const rows = new ByteWriter(8)
      rows.uint64(rowCount)
      return [head.done(), texts.done(), rows.done(), numbers.done()]
    },
  }
}

function whole(name: string, of: Of<number>, largest: number): (row: UsageRow) => void {
  return (row) => {
    const value = of(row)
    if (Number.isInteger(value) && value >= 0 && value <= largest) return
    throw new ValueFault(name, value, `a whole number from 0 to ${largest}`)
  }
}

function finite(name: string, of: Of<number>): (row: UsageRow) => void {
  return (row) => {
    if (!Number.isFinite(of(row))) throw new ValueFault(name, of(row), 'a finite number')
  }
}

/** Decimal(38, 12) ends below 10^26 of a currency. */
const largestPico = 10n ** 38n

function amount(name: string, of: Of<bigint>): (row: UsageRow) => void {
  return (row) => {
    const value = of(row)
    if (value >= largestPico || value <= -largestPico) throw new ValueFault(name, value, 'at most 38 digits')
  }
}
