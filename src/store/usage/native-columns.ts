import { ByteWriter } from './byte-writer.ts'
import { type ColumnWriter, type NativeColumn, ValueFault } from './native.ts'

type Of<Row, Value> = (row: Row) => Value

/** Any text. */
export function text<Row>(name: string, of: Of<Row, string>): NativeColumn<Row> {
  return plain(name, 'String', { of, check: null, put: (bytes, value) => bytes.text(value) })
}

/**
 * A text of which few different ones are expected: they go into a dictionary, the rows are numbers into it. So neither
 * side handles a text more than once a block.
 */
export function label<Row>(name: string, of: Of<Row, string>): NativeColumn<Row> {
  return { name, type: 'LowCardinality(String)', of, check: null, writer: () => new LabelWriter(of) }
}

export function flag<Row>(name: string, of: Of<Row, boolean>): NativeColumn<Row> {
  return plain(name, 'Bool', { of, check: null, put: (bytes, value) => bytes.uint8(value ? 1 : 0) })
}

/** A whole number of things. */
export function count<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = whole(name, of, Number.MAX_SAFE_INTEGER)
  return plain(name, 'UInt64', { of, check, put: (bytes, value) => bytes.uint64(value) })
}

export function smallCount<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  return plain(name, 'UInt16', { of, check: whole(name, of, 65_535), put: (bytes, value) => bytes.uint16(value) })
}

export function middleCount<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = whole(name, of, 4_294_967_295)
  return plain(name, 'UInt32', { of, check, put: (bytes, value) => bytes.uint32(value) })
}

export function float<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  return plain(name, 'Float64', { of, check: finite(name, of), put: (bytes, value) => bytes.float64(value) })
}

export function floatOrNull<Row>(name: string, of: Of<Row, number | null>): NativeColumn<Row> {
  const check = finite(name, (row: Row) => of(row) ?? 0)
  return orNull(name, 'Float64', { of, check, put: (bytes, value) => bytes.float64(value ?? 0) })
}

/** An amount in 1e-12 of its currency. */
export function money<Row>(name: string, of: Of<Row, bigint>): NativeColumn<Row> {
  const check = amount(name, of)
  return plain(name, 'Decimal(38, 12)', { of, check, put: (bytes, value) => bytes.int128(value) })
}

export function moneyOrNull<Row>(name: string, of: Of<Row, bigint | null>): NativeColumn<Row> {
  const check = amount(name, (row: Row) => of(row) ?? 0n)
  return orNull(name, 'Decimal(38, 12)', { of, check, put: (bytes, value) => bytes.int128(value ?? 0n) })
}

const earliestMs = Date.UTC(1970, 0, 1)
const latestMs = Date.UTC(2100, 0, 1)

/** Unix time in milliseconds. The roll-ups' hours end with 2105. */
export function instant<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = (row: Row): void => {
    const ms = of(row)
    if (!(ms >= earliestMs && ms < latestMs)) throw new ValueFault(name, ms, 'a time between 1970 and 2100')
  }
  const put = (bytes: ByteWriter, value: number) => bytes.uint64(Math.floor(value))
  return plain(name, "DateTime64(3, 'UTC')", { of, check, put })
}

export function textMap<Row>(name: string, of: Of<Row, Readonly<Record<string, string>>>): NativeColumn<Row> {
  const writer = () => listWriter(of, (bytes, value: string) => bytes.text(value))
  return { name, type: 'Map(String, String)', of, check: null, writer }
}

export function numberMap<Row>(name: string, of: Of<Row, Readonly<Record<string, number>>>): NativeColumn<Row> {
  const check = (row: Row): void => {
    for (const [key, value] of Object.entries(of(row)))
      if (!Number.isFinite(value)) throw new ValueFault(`${name}.${key}`, value, 'a finite number')
  }
  const writer = () => listWriter(of, (bytes, value: number) => bytes.float64(value))
  return { name, type: 'Map(String, Float64)', of, check, writer }
}

export function texts<Row>(name: string, of: Of<Row, readonly string[]>): NativeColumn<Row> {
  const writer = () => {
    const [ends, elements] = [new ByteWriter(), new ByteWriter()]
    let end = 0
    return {
      add(row: Row) {
        const list = of(row)
        for (const element of list) elements.text(element)
        end += list.length
        ends.uint64(end)
      },
      done: () => [ends.done(), elements.done()],
    }
  }
  return { name, type: 'Array(String)', of, check: null, writer }
}

interface Plain<Row, Value> {
  readonly of: Of<Row, Value>
  readonly check: ((row: Row) => void) | null
  readonly put: (bytes: ByteWriter, value: Value) => void
}

/** Values one behind the other. */
function plain<Row, Value>(name: string, type: string, { of, check, put }: Plain<Row, Value>): NativeColumn<Row> {
  const writer = () => {
    const bytes = new ByteWriter()
    return { add: (row: Row) => put(bytes, of(row)), done: () => [bytes.done()] }
  }
  return { name, type, of, check, writer }
}

/** A byte for each row that says whether its value is null, then the values. */
function orNull<Row, Value>(name: string, type: string, { of, check, put }: Plain<Row, Value>): NativeColumn<Row> {
  const writer = () => {
    const [nulls, bytes] = [new ByteWriter(), new ByteWriter()]
    return {
      add(row: Row) {
        const value = of(row)
        nulls.uint8(value === null ? 1 : 0)
        put(bytes, value)
      },
      done: () => [nulls.done(), bytes.done()],
    }
  }
  return { name, type: `Nullable(${type})`, of, check, writer }
}

/** Where the entries of each row end among those of all rows, then all keys, then all values. */
function listWriter<Row, Value>(
  of: Of<Row, Readonly<Record<string, Value>>>,
  put: (bytes: ByteWriter, value: Value) => void,
): ColumnWriter<Row> {
  const [ends, keys, values] = [new ByteWriter(), new ByteWriter(), new ByteWriter()]
  let end = 0
  return {
    add(row) {
      for (const [key, value] of Object.entries(of(row))) {
        keys.text(key)
        put(values, value)
        end++
      }
      ends.uint64(end)
    },
    done: () => [ends.done(), keys.done(), values.done()],
  }
}

/** Version 1, then: 32-bit numbers and a dictionary of this block; the dictionary; the number of each row's text in it. */
const dictionaryVersion = 1
const dictionaryOf32Bits = 2 | (1 << 9) | (1 << 10)

class LabelWriter<Row> implements ColumnWriter<Row> {
  readonly #of: Of<Row, string>
  readonly #known = new Map<string, number>()
  readonly #numbers = new ByteWriter()
  readonly #texts = new ByteWriter()
  #rowCount = 0

  constructor(of: Of<Row, string>) {
    this.#of = of
  }

  add(row: Row): void {
    const value = this.#of(row)
    let number = this.#known.get(value)
    if (number === undefined) {
      number = this.#known.size
      this.#known.set(value, number)
      this.#texts.text(value)
    }
    this.#numbers.uint32(number)
    this.#rowCount++
  }

  done(): Uint8Array[] {
    const head = new ByteWriter(24)
    for (const value of [dictionaryVersion, dictionaryOf32Bits, this.#known.size]) head.uint64(value)
    const rows = new ByteWriter(8)
    rows.uint64(this.#rowCount)
    return [head.done(), this.#texts.done(), rows.done(), this.#numbers.done()]
  }
}

function whole<Row>(name: string, of: Of<Row, number>, largest: number): (row: Row) => void {
  return (row) => {
    const value = of(row)
    if (Number.isInteger(value) && value >= 0 && value <= largest) return
    throw new ValueFault(name, value, `a whole number from 0 to ${largest}`)
  }
}

function finite<Row>(name: string, of: Of<Row, number>): (row: Row) => void {
  return (row) => {
    if (!Number.isFinite(of(row))) throw new ValueFault(name, of(row), 'a finite number')
  }
}

/** Decimal(38, 12) ends below 10^26 of a currency. */
const largestPico = 10n ** 38n

function amount<Row>(name: string, of: Of<Row, bigint>): (row: Row) => void {
  return (row) => {
    const value = of(row)
    if (value >= largestPico || value <= -largestPico) throw new ValueFault(name, value, 'at most 38 digits')
  }
}
