import { recordFieldNames } from '#core/ledger/record-fields.ts'

/** The columns of `usage`, in the order in which a row of the ingester fills them. */
export const usageColumns: readonly string[] = [
  'timestamp',
  'ended_at',
  ...recordFieldNames,
  'tags',
  'units',
  'marks',
  'attempts',
  'journal_id',
  'journal_block',
  'journal_entry',
]
