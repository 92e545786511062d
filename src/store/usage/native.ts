import { ByteWriter } from './byte-writer.ts'
import type { UsageLine, UsageRow } from './usage-row.ts'

/**
 * A column of ClickHouse's Native format: a block of rows, column by column, as the engine has it in memory. It reads
 * such a block ten times faster than the same rows as JSON.
 *
 * Source: https://clickhouse.com/docs/interfaces/formats/Native (revision 0: no block info) and, for dictionaries, the
 * writer of ch-go (https://github.com/ClickHouse/ch-go/blob/main/proto/col_low_cardinality.go).
 */
export interface NativeColumn {
  readonly name: string
  /** As the engine writes it. */
  readonly type: string
  readonly of: (row: UsageRow) => unknown
  /** Throws a ValueFault where the value of the row does not fit the column. Null where every value of its type does. */
  readonly check: ((row: UsageRow) => void) | null
  /** For one block. */
  writer(): ColumnWriter
}

export interface ColumnWriter {
  /** The value of the row was checked. */
  add(row: UsageRow): void
  addLine(line: UsageLine): void
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
export class NativeBlock {
  readonly #columns: readonly NativeColumn[]
  readonly #writers: readonly ColumnWriter[]
  #rowCount = 0

  constructor(columns: readonly NativeColumn[]) {
    this.#columns = columns
    this.#writers = columns.map((column) => column.writer())
  }

  get rowCount(): number {
    return this.#rowCount
  }

  add(row: UsageRow): void {
    for (const writer of this.#writers) writer.add(row)
    this.#rowCount++
  }

  addLine(line: UsageLine): void {
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
