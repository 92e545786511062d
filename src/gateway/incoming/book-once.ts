import type { SettleEntry } from '#core/ledger/entry.ts'
import type { PicoUsd } from '#core/money/pico-usd.ts'
import type { ExternalEvents, Journal } from '#ports.ts'

/** `known` also where the event was booked by somebody who came at the same time. */
export interface BookedOnce {
  readonly kind: 'booked' | 'known'
  /** What it is in the ledger with. */
  readonly picoUsd: PicoUsd
}

/** Books each event once, however often and at however many doors at a time it comes. */
export class BookOnce {
  readonly #events: ExternalEvents
  readonly #journal: Journal
  /** By call id. */
  readonly #underWay = new Map<string, Promise<BookedOnce>>()

  constructor(events: ExternalEvents, journal: Journal) {
    this.#events = events
    this.#journal = journal
  }

  /** Resolves when the event is in the journal. @throws JournalFault */
  async book(entry: SettleEntry): Promise<BookedOnce> {
    const { callId } = entry.call
    const other = this.#underWay.get(callId)
    if (other !== undefined) return { kind: 'known', picoUsd: (await other).picoUsd }
    const work = this.#bookNew(entry).finally(() => this.#underWay.delete(callId))
    this.#underWay.set(callId, work)
    return await work
  }

  async #bookNew(entry: SettleEntry): Promise<BookedOnce> {
    const { callId, upstream: source, requestId: eventId } = entry.call
    const picoUsd = entry.cost.totalPicoUsd
    const before = await this.#events.amountOf(callId)
    if (before !== null) return { kind: 'known', picoUsd: before }
    await this.#events.remember({ callId, source, eventId, picoUsd }, () => this.#journal.append(entry))
    return { kind: 'booked', picoUsd }
  }
}
