/**
 * ClickHouse's Native format: a block of rows, column by column, as the engine has it in memory. It reads such a block
 * ten times faster than the same rows as JSON.
 *
 * Source: https://clickhouse.com/docs/interfaces/formats/Native (revision 0: no block info) and, for dictionaries, the
 * writers of ch-go (https://github.com/ClickHouse/ch-go/blob/main/proto/col_low_cardinality.go).
 */
export interface NativeColumn<Row> {
  readonly name: string
  /** As the engine writes it. */
  readonly type: string
  readonly of: (row: Row) => unknown
  /** Throws a ValueFault where the value of the row does not fit the column. Null where every value of its type does. */
  readonly check: ((row: Row) => void) | null
  /** The column of these rows, whose values were checked. */
  bytes(rows: readonly Row[]): readonly Uint8Array[]
}

/** A value that its column cannot hold. */
export class ValueFault extends Error {
  readonly code = 'value_unfit'

  constructor(column: string, value: unknown, expected: string) {
    super(`${column} is ${String(value)}: expected ${expected}`)
    this.name = 'ValueFault'
  }
}

/** Rows as one block, in pieces that belong one behind the other. Pure. */
export function nativeBlock<Row>(columns: readonly NativeColumn<Row>[], rows: readonly Row[]): Uint8Array[] {
  const pieces: Uint8Array[] = [new TextBytes(16).length(columns.length).length(rows.length).done()]
  for (const column of columns) {
    pieces.push(new TextBytes(128).text(column.name).text(column.type).done(), ...column.bytes(rows))
  }
  return pieces
}

/** Lengths and texts: each text as its length in bytes, then its UTF-8. Half a surrogate pair becomes U+FFFD. */
export class TextBytes {
  #bytes: Buffer
  #at = 0

  constructor(expectedBytes: number) {
    this.#bytes = Buffer.allocUnsafe(expectedBytes)
  }

  text(value: string): this {
    const { length } = value
    if (length === 0 || length > shortText || !this.#shortAscii(value)) {
      const bytes = Buffer.byteLength(value)
      this.length(bytes)
      this.#reserve(bytes)
      this.#at += this.#bytes.write(value, this.#at, 'utf8')
    }
    return this
  }

  /** LEB128. */
  length(value: number): this {
    this.#reserve(8)
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128
    this.#bytes[this.#at++] = rest
    return this
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  /** Nearly every text is one; byte by byte is several times faster for it than a call out of JavaScript. */
  #shortAscii(value: string): boolean {
    const { length } = value
    this.#reserve(length + 1)
    const [bytes, start] = [this.#bytes, this.#at + 1]
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 127) return false
      bytes[start + i] = code
    }
    bytes[this.#at] = length
    this.#at = start + length
    return true
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

const shortText = 100
