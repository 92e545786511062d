type JournalFaultCode =
  /** The disk is full: open entries only. */
  | 'journal_full'
  /** The disk does not take writes. */
  | 'journal_failing'
  | 'journal_closed'
  /** What is on the disk is not what was written. */
  | 'journal_damaged'
  /** The directory or a file in it cannot be used at all. */
  | 'journal_unusable'
  | 'entry_too_large'

/**
 * Where in the journal something is wrong: a segment and the first bad byte of its (uncompressed) content; or a
 * compressed file and the first byte of it from which on it cannot be read.
 */
interface JournalPlace {
  readonly segment: string
  readonly offset: number
}

/** A failure of the journal. Decide by `code`; the message is for people. */
export class JournalFault extends Error {
  override readonly name = 'JournalFault'
  readonly code: JournalFaultCode
  readonly place: JournalPlace | null

  constructor(code: JournalFaultCode, message: string, more: { place?: JournalPlace; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? {} : { cause: more.cause })
    this.code = code
    this.place = more.place ?? null
  }
}

/**
 * entry_not_json: the line is not a JSON object. entry_kind_unknown: written by something newer, or not an entry.
 * entry_field_invalid: `field` is absent, or is not what it has to be.
 */
type EntryFaultCode = 'entry_not_json' | 'entry_kind_unknown' | 'entry_field_invalid'

/** An entry that cannot be written, or a line that cannot be read, as an entry. */
export class EntryFault extends Error {
  override readonly name = 'EntryFault'
  readonly code: EntryFaultCode
  /** Dotted path of the field, as the line names it; empty where the whole line is meant. */
  readonly field: string

  constructor(code: EntryFaultCode, field: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.code = code
    this.field = field
  }
}
