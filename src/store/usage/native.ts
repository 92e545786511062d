import { ByteWriter } from './byte-writer.ts'

/**
 * A column of ClickHouse's Native format: a block of rows, column by column, as the engine has it in memory. It reads
 * such a block ten times faster than the same rows as JSON.
 *
 * Source: https://clickhouse.com/docs/interfaces/formats/Native (revision 0: no block info) and, for dictionaries, the
 * writer of ch-go (https://github.com/ClickHouse/ch-go/blob/main/proto/col_low_cardinality.go).
 */
export interface NativeColumn<Row, Line extends ByteRow> {
  readonly name: string
  /** As the engine writes it. */
  readonly type: string
  readonly of: (row: Row) => unknown
  /** Throws a ValueFault where the value of the row does not fit the column. Null where every value of its type does. */
  readonly check: ((row: Row) => void) | null
  /** For one block. */
  writer(): ColumnWriter<Row, Line>
}

/** A row whose values stand in bytes or are numbers, each under its slot. Its values were checked. */
export interface ByteRow {
  readonly bytes: Uint8Array
  /** Of texts within the bytes; 0 where the value is not given. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly values: Float64Array
}

export interface ColumnWriter<Row, Line extends ByteRow> {
  /** The value of the row was checked. */
  add(row: Row): void
  addLine(line: Line): void
  /** Of all rows, in pieces. */
  done(): readonly Uint8Array[]
}

/** A value that its column cannot hold. */
export class ValueFault extends Error {
  readonly code = 'value_unfit'

  constructor(column: string, value: unknown, expected: string) {
    super(`${column} is ${String(value)}: expected ${expected}`)
    this.name = 'ValueFault'
  }
}

/** Takes rows one by one and keeps only their bytes, so that nothing else of a batch has to stay in memory. */
export class NativeBlock<Row, Line extends ByteRow> {
  readonly #columns: readonly NativeColumn<Row, Line>[]
  readonly #writers: readonly ColumnWriter<Row, Line>[]
  #rowCount = 0

  constructor(columns: readonly NativeColumn<Row, Line>[]) {
    this.#columns = columns
    this.#writers = columns.map((column) => column.writer())
  }

  get rowCount(): number {
    return this.#rowCount
  }

  add(row: Row): void {
    for (const writer of this.#writers) writer.add(row)
    this.#rowCount++
  }

  addLine(line: Line): void {
    for (const writer of this.#writers) writer.addLine(line)
    this.#rowCount++
  }

  /** In pieces that belong one behind the other. No row may follow. */
  done(): Uint8Array[] {
    const size = new ByteWriter(16)
    size.length(this.#columns.length)
    size.length(this.#rowCount)
    const pieces = [size.done()]
    for (const [index, { name, type }] of this.#columns.entries()) {
      const head = new ByteWriter(128)
      head.text(name)
      head.text(type)
      pieces.push(head.done(), ...(this.#writers[index]?.done() ?? []))
    }
    return pieces
  }
}
