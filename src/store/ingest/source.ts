/** A place between two blocks of the journal. */
export interface JournalPosition {
  readonly segment: string
  readonly offset: number
  /** The last block before this place; 0 = the journal's beginning. */
  readonly blockNo: number
}

/** One whole block as it was written. */
export interface JournalBlock {
  readonly blockNo: number
  /** One entry each, undecoded. */
  readonly lines: readonly string[]
  /** The place behind it. */
  readonly after: JournalPosition
}

/** Reads a journal forward while another process writes it. */
export interface JournalSource {
  /** The next whole blocks, at least one if there is one, then up to about `maxEntries` entries; none at the end. */
  next(maxEntries: number): Promise<readonly JournalBlock[]>
  close(): Promise<void>
}

export type OpenSource = (position: JournalPosition | null) => Promise<JournalSource>
