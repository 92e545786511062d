import { type NativeColumn, TextBytes, ValueFault } from './native.ts'

type Of<Row, Value> = (row: Row) => Value

/** Any text. */
export function text<Row>(name: string, of: Of<Row, string>): NativeColumn<Row> {
  return { name, type: 'String', of, check: null, bytes: (rows) => [textBytes(rows, of)] }
}

/**
 * A text of which few different ones are expected: they go into a dictionary, the rows are numbers into it. So neither
 * side handles a text more than once a block.
 */
export function label<Row>(name: string, of: Of<Row, string>): NativeColumn<Row> {
  return { name, type: 'LowCardinality(String)', of, check: null, bytes: (rows) => labelBytes(rows, of) }
}

export function flag<Row>(name: string, of: Of<Row, boolean>): NativeColumn<Row> {
  return { name, type: 'Bool', of, check: null, bytes: (rows) => [flagBytes(rows, of)] }
}

/** A whole number of things. */
export function count<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = whole(name, of, Number.MAX_SAFE_INTEGER)
  return { name, type: 'UInt64', of, check, bytes: (rows) => [wordBytes(rows, of)] }
}

export function smallCount<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = whole(name, of, 65_535)
  return { name, type: 'UInt16', of, check, bytes: (rows) => [numberBytes(new Uint16Array(rows.length), rows, of)] }
}

export function middleCount<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = whole(name, of, 4_294_967_295)
  return { name, type: 'UInt32', of, check, bytes: (rows) => [numberBytes(new Uint32Array(rows.length), rows, of)] }
}

export function float<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = finite(name, of)
  return { name, type: 'Float64', of, check, bytes: (rows) => [numberBytes(new Float64Array(rows.length), rows, of)] }
}

export function floatOrNull<Row>(name: string, of: Of<Row, number | null>): NativeColumn<Row> {
  const known = (row: Row): number => of(row) ?? 0
  const bytes = (rows: readonly Row[]) => [nullBytes(rows, of), numberBytes(new Float64Array(rows.length), rows, known)]
  return { name, type: 'Nullable(Float64)', of, check: finite(name, known), bytes }
}

/** An amount in 1e-12 of its currency. */
export function money<Row>(name: string, of: Of<Row, bigint>): NativeColumn<Row> {
  return { name, type: 'Decimal(38, 12)', of, check: amount(name, of), bytes: (rows) => [amountBytes(rows, of)] }
}

export function moneyOrNull<Row>(name: string, of: Of<Row, bigint | null>): NativeColumn<Row> {
  const known = (row: Row): bigint => of(row) ?? 0n
  const bytes = (rows: readonly Row[]) => [nullBytes(rows, of), amountBytes(rows, known)]
  return { name, type: 'Nullable(Decimal(38, 12))', of, check: amount(name, known), bytes }
}

const earliestMs = Date.UTC(1970, 0, 1)
const latestMs = Date.UTC(2100, 0, 1)

/** Unix time in milliseconds. The roll-ups' hours end with 2105. */
export function instant<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = (row: Row): void => {
    const ms = of(row)
    if (!(ms >= earliestMs && ms < latestMs)) throw new ValueFault(name, ms, 'a time between 1970 and 2100')
  }
  const whole = (row: Row): number => Math.floor(of(row))
  return { name, type: "DateTime64(3, 'UTC')", of, check, bytes: (rows) => [wordBytes(rows, whole)] }
}

export function textMap<Row>(name: string, of: Of<Row, Readonly<Record<string, string>>>): NativeColumn<Row> {
  const bytes = (rows: readonly Row[]) => {
    const { ends, keys, values } = flattened(rows, of)
    return [ends, textBytes(keys, itself), textBytes(values, itself)]
  }
  return { name, type: 'Map(String, String)', of, check: null, bytes }
}

export function numberMap<Row>(name: string, of: Of<Row, Readonly<Record<string, number>>>): NativeColumn<Row> {
  const check = (row: Row): void => {
    for (const [key, value] of Object.entries(of(row)))
      if (!Number.isFinite(value)) throw new ValueFault(`${name}.${key}`, value, 'a finite number')
  }
  const bytes = (rows: readonly Row[]) => {
    const { ends, keys, values } = flattened(rows, of)
    return [ends, textBytes(keys, itself), numberBytes(new Float64Array(values.length), values, itself)]
  }
  return { name, type: 'Map(String, Float64)', of, check, bytes }
}

export function texts<Row>(name: string, of: Of<Row, readonly string[]>): NativeColumn<Row> {
  const bytes = (rows: readonly Row[]) => {
    const elements: string[] = []
    const ends = wordBytes(rows, (row) => {
      for (const element of of(row)) elements.push(element)
      return elements.length
    })
    return [ends, textBytes(elements, itself)]
  }
  return { name, type: 'Array(String)', of, check: null, bytes }
}

function textBytes<Row>(rows: readonly Row[], of: Of<Row, string>): Uint8Array {
  const bytes = new TextBytes(rows.length * 24 + 64)
  for (const row of rows) bytes.text(of(row))
  return bytes.done()
}

/** Version 1, then: 16-bit numbers and a dictionary of this block; the dictionary; the number of each row's text in it. */
const dictionaryVersion = 1n
const dictionaryKind = (1n << 9n) | (1n << 10n)
const [kind16, kind32] = [1n, 2n]

function labelBytes<Row>(rows: readonly Row[], of: Of<Row, string>): Uint8Array[] {
  const numbers = new Map<string, number>()
  const numbered = new Uint32Array(rows.length)
  let [lastText, lastNumber] = ['', -1]
  let index = 0
  for (const row of rows) {
    const value = of(row)
    if (lastNumber === -1 || value !== lastText) {
      lastNumber = numbers.get(value) ?? numbers.size
      if (lastNumber === numbers.size) numbers.set(value, lastNumber)
      lastText = value
    }
    numbered[index++] = lastNumber
  }
  const small = numbers.size <= 65_536
  const head = [dictionaryVersion, dictionaryKind | (small ? kind16 : kind32), BigInt(numbers.size)]
  return [
    bytesOf(BigUint64Array.from(head)),
    textBytes([...numbers.keys()], itself),
    bytesOf(BigUint64Array.of(BigInt(rows.length))),
    bytesOf(small ? Uint16Array.from(numbered) : numbered),
  ]
}

/** 64 bits each, of numbers that a double holds exactly: the two halves apart are several times faster than bigint. */
function wordBytes<Row>(rows: readonly Row[], of: Of<Row, number>): Uint8Array {
  const halves = new Uint32Array(rows.length * 2)
  let at = 0
  for (const row of rows) {
    const value = of(row)
    if (value !== 0) {
      halves[at] = value % 4_294_967_296
      halves[at + 1] = value / 4_294_967_296
    }
    at += 2
  }
  return bytesOf(halves)
}

/** 128 bits each, of which the typed array keeps the lower 64 of what it is given. */
function amountBytes<Row>(rows: readonly Row[], of: Of<Row, bigint>): Uint8Array {
  const halves = new BigInt64Array(rows.length * 2)
  let at = 0
  for (const row of rows) {
    const value = of(row)
    if (value !== 0n) {
      halves[at] = value
      halves[at + 1] = value >> 64n
    }
    at += 2
  }
  return bytesOf(halves)
}

function nullBytes<Row>(rows: readonly Row[], of: Of<Row, unknown>): Uint8Array {
  return flagBytes(rows, (row) => of(row) === null)
}

function flagBytes<Row>(rows: readonly Row[], of: Of<Row, boolean>): Uint8Array {
  const bytes = new Uint8Array(rows.length)
  let at = 0
  for (const row of rows) bytes[at++] = of(row) ? 1 : 0
  return bytes
}

/** A loop, because `from` of the typed arrays takes ten times as long. */
function numberBytes<Row>(
  numbers: Uint16Array | Uint32Array | Float64Array,
  rows: readonly Row[],
  of: Of<Row, number>,
): Uint8Array {
  let at = 0
  for (const row of rows) numbers[at++] = of(row)
  return bytesOf(numbers)
}

/** The entries of all maps one behind the other, and where those of each row end. */
function flattened<Row, Value>(rows: readonly Row[], of: Of<Row, Readonly<Record<string, Value>>>) {
  const keys: string[] = []
  const values: Value[] = []
  const ends = wordBytes(rows, (row) => {
    for (const [key, value] of Object.entries(of(row))) {
      keys.push(key)
      values.push(value)
    }
    return keys.length
  })
  return { ends, keys, values }
}

/** Typed arrays are little-endian wherever Node.js runs, as the format is. */
function bytesOf(numbers: ArrayBufferView): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
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

function itself<Value>(value: Value): Value {
  return value
}
