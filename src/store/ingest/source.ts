/** A place between two blocks of the journal. */
export interface JournalPosition {
  readonly segment: string
  readonly offset: number
  /** The last block before this place; 0 = the journal's beginning. */
  readonly blockNo: number
}

/** One whole block as it was written. */
export class JournalBlock {
  readonly blockNo: number
  /** Lines of one entry each, undecoded, every one with its end. */
  readonly body: Buffer
  readonly lineCount: number
  /** The place behind it. */
  readonly after: JournalPosition

  constructor(body: Buffer, lineCount: number, after: JournalPosition) {
    this.blockNo = after.blockNo
    this.body = body
    this.lineCount = lineCount
    this.after = after
  }

  /** Without their ends. */
  get lines(): string[] {
    return this.body.toString('utf8', 0, this.body.length - 1).split('\n')
  }
}

/** Reads a journal forward while another process writes it. */
export interface JournalSource {
  /** The next whole blocks, at least one if there is one, then up to about `maxEntries` entries; none at the end. */
  next(maxEntries: number): Promise<readonly JournalBlock[]>
  close(): Promise<void>
}

export type OpenSource = (position: JournalPosition | null) => Promise<JournalSource>
