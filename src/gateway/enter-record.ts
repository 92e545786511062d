import type { SettleEntry } from '#core/ledger/entry.ts'
import { bookJob } from './book-job.ts'
import type { EndedCall } from './end-call.ts'
import type { Road } from './road.ts'

/** Enters the call's record into the journal, and with it what it says of a background job. */
export function enterRecord(road: Road, ended: EndedCall, record: SettleEntry): Promise<unknown> {
  const { control } = ended.open
  const written = road.journal.append(record).then(() => {
    control.settled = true
  })
  return record.call.endpoint === 'responses' ? Promise.all([written, bookJob(road, ended)]) : written
}
