/** A place between two blocks of the journal. */
export interface JournalPosition {
  /** Later ones have greater names. */
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

/** How far a journal reaches. Compares with the places of its blocks. */
export type JournalEnd = Pick<JournalPosition, 'segment' | 'offset'>

/** Whether all that stood before an end lies before a position, too. */
export function reaches(position: JournalPosition, { segment, offset }: JournalEnd): boolean {
  return position.segment > segment || (position.segment === segment && position.offset >= offset)
}

/** Reads a journal forward while another process writes it. */
export interface JournalSource {
  /** The next whole blocks, at least one if there is one, then up to about `maxEntries` entries; none at the end. */
  next(maxEntries: number): Promise<readonly JournalBlock[]>
  /** Where the journal ends now, or will when what is being written there is whole; null where it cannot be told. */
  end(): JournalEnd | null
  close(): Promise<void>
}

export type OpenSource = (position: JournalPosition | null) => Promise<JournalSource>
