import type { SettleEntry } from '#core/ledger/entry.ts'
import { bookBatch } from './jobs/book-batch.ts'
import { bookJob } from './jobs/book-job.ts'
import type { Road } from './road.ts'
import type { EndedCall } from './settlement/end-call.ts'

/** Enters the call's record into the journal, and with it what it says of work that the provider does later. */
export function enterRecord(road: Road, ended: EndedCall, record: SettleEntry): Promise<unknown> {
  const written = road.journal.append(record)
  switch (record.call.endpoint) {
    case 'responses':
      return Promise.all([marked(written, ended), bookJob(road, ended)])
    case 'batches':
    case 'messages.batches':
    case 'files':
      return Promise.all([marked(written, ended), bookBatch(road, ended)])
    default:
      return written
  }
}

/** The record may be there though the rest fails. Where there is no rest `conclude` marks it. */
async function marked(written: Promise<void>, { open }: EndedCall): Promise<void> {
  await written
  open.control.settled = true
}
