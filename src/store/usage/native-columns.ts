import { type NativeColumn, TextBytes, ValueFault } from './native.ts'

type Of<Row, Value> = (row: Row) => Value

/** Any text. */
export function text<Row>(name: string, of: Of<Row, string>): NativeColumn<Row> {
  return { name, type: 'String', of, check: nothing, bytes: (rows) => [textBytes(rows, of)] }
}

/**
 * A text of which few different ones are expected: they go into a dictionary, the rows are numbers into it. So neither
 * side handles a text more than once a block.
 */
export function label<Row>(name: string, of: Of<Row, string>): NativeColumn<Row> {
  return { name, type: 'LowCardinality(String)', of, check: nothing, bytes: (rows) => labelBytes(rows, of) }
}

export function flag<Row>(name: string, of: Of<Row, boolean>): NativeColumn<Row> {
  return { name, type: 'Bool', of, check: nothing, bytes: (rows) => [Uint8Array.from(rows, (row) => Number(of(row)))] }
}

/** A whole number of things. */
export function count<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = whole(name, of, Number.MAX_SAFE_INTEGER)
  return { name, type: 'UInt64', of, check, bytes: (rows) => [wordBytes(rows, of)] }
}

export function smallCount<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = whole(name, of, 65_535)
  return { name, type: 'UInt16', of, check, bytes: (rows) => [bytesOf(Uint16Array.from(rows, of))] }
}

export function middleCount<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = whole(name, of, 4_294_967_295)
  return { name, type: 'UInt32', of, check, bytes: (rows) => [bytesOf(Uint32Array.from(rows, of))] }
}

export function float<Row>(name: string, of: Of<Row, number>): NativeColumn<Row> {
  const check = finite(name, of)
  return { name, type: 'Float64', of, check, bytes: (rows) => [bytesOf(Float64Array.from(rows, of))] }
}

export function floatOrNull<Row>(name: string, of: Of<Row, number | null>): NativeColumn<Row> {
  const known = (row: Row): number => of(row) ?? 0
  const bytes = (rows: readonly Row[]) => [nullBytes(rows, of), bytesOf(Float64Array.from(rows, known))]
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
    const maps = rows.map(of)
    const keys = maps.map((map) => Object.keys(map))
    const values = maps.flatMap((map) => Object.values(map))
    return [endBytes(keys), textBytes(keys.flat(), itself), textBytes(values, itself)]
  }
  return { name, type: 'Map(String, String)', of, check: nothing, bytes }
}

export function numberMap<Row>(name: string, of: Of<Row, Readonly<Record<string, number>>>): NativeColumn<Row> {
  const check = (row: Row): void => {
    for (const [key, value] of Object.entries(of(row)))
      if (!Number.isFinite(value)) throw new ValueFault(`${name}.${key}`, value, 'a finite number')
  }
  const bytes = (rows: readonly Row[]) => {
    const maps = rows.map(of)
    const keys = maps.map((map) => Object.keys(map))
    const values = maps.flatMap((map) => Object.values(map))
    return [endBytes(keys), textBytes(keys.flat(), itself), bytesOf(Float64Array.from(values))]
  }
  return { name, type: 'Map(String, Float64)', of, check, bytes }
}

export function texts<Row>(name: string, of: Of<Row, readonly string[]>): NativeColumn<Row> {
  const bytes = (rows: readonly Row[]) => {
    const lists = rows.map(of)
    return [endBytes(lists), textBytes(lists.flat(), itself)]
  }
  return { name, type: 'Array(String)', of, check: nothing, bytes }
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
  for (const [index, row] of rows.entries()) {
    const value = of(row)
    if (lastNumber === -1 || value !== lastText) {
      lastNumber = numbers.get(value) ?? numbers.size
      if (lastNumber === numbers.size) numbers.set(value, lastNumber)
      lastText = value
    }
    numbered[index] = lastNumber
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
  for (const [index, row] of rows.entries()) {
    const value = of(row)
    if (value === 0) continue
    halves[index * 2] = value % 4_294_967_296
    halves[index * 2 + 1] = value / 4_294_967_296
  }
  return bytesOf(halves)
}

/** 128 bits each, of which the typed array keeps the lower 64 of what it is given. */
function amountBytes<Row>(rows: readonly Row[], of: Of<Row, bigint>): Uint8Array {
  const halves = new BigInt64Array(rows.length * 2)
  for (const [index, row] of rows.entries()) {
    const value = of(row)
    if (value === 0n) continue
    halves[index * 2] = value
    halves[index * 2 + 1] = value >> 64n
  }
  return bytesOf(halves)
}

function nullBytes<Row>(rows: readonly Row[], of: Of<Row, unknown>): Uint8Array {
  return Uint8Array.from(rows, (row) => Number(of(row) === null))
}

/** Where each list ends among the elements of all. */
function endBytes(lists: readonly (readonly unknown[])[]): Uint8Array {
  let end = 0
  return wordBytes(lists, (list) => {
    end += list.length
    return end
  })
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

function nothing(): void {
  // Every value of its type fits.
}
