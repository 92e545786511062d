import type { SettleEntry } from '#core/ledger/entry.ts'
import { finishAnswer, refuse } from '../answer/respond.ts'
import { refused } from '../refusal.ts'
import type { EndedCall } from './end-call.ts'

/** Lets go of the last bytes of the call's answer: the record is in the journal now. */
export function conclude({ open, answer, delivery, instead }: EndedCall, record: SettleEntry): void {
  const { exchange, match } = open.arrival
  open.control.settled = true
  if (instead === null && answer !== null) {
    finishAnswer(exchange, answer, delivery, { entry: record, dialect: match.dialect, echo: open.echo })
  } else {
    refuse(exchange, match.dialect, instead ?? refused('internal_error', 'There is no answer to pass on.'), open.echo)
  }
}
