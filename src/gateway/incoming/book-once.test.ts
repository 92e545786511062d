import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyPayer } from '#core/attribution/payer.ts'
import type { LedgerEntry, SettleEntry } from '#core/ledger/entry.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { type PicoUsd, picoUsd } from '#core/money/pico-usd.ts'
import { makePriceBook } from '#core/pricing/price-book.ts'
import { globMatcher } from '#lib/glob.ts'
import type { ExternalEvents, Journal } from '#ports.ts'
import { sampleCatalog } from '#test/pricing/sample-catalog.ts'
import { BookOnce } from './book-once.ts'
import { externalCallId } from './external-cost.ts'
import { settleExternal } from './settle-external.ts'

/** A journal in memory that does not take the first entries. */
class ListedJournal implements Journal {
  readonly entries: LedgerEntry[] = []
  failures: number

  constructor(failures: number) {
    this.failures = failures
  }

  async append(entry: LedgerEntry): Promise<void> {
    if (this.failures-- > 0) throw new JournalFault('journal_closed', 'The journal is closed.')
    this.entries.push(entry)
  }

  refusal(): null {
    return null
  }

  async close(): Promise<void> {
    this.entries.length = 0
  }
}

class ListedEvents implements ExternalEvents {
  readonly #amounts = new Map<string, PicoUsd>()

  async amountOf(callId: string): Promise<PicoUsd | null> {
    return this.#amounts.get(callId) ?? null
  }

  async remember(
    event: { readonly callId: string; readonly picoUsd: PicoUsd },
    enter: () => Promise<void>,
  ): Promise<void> {
    await enter()
    this.#amounts.set(event.callId, event.picoUsd)
  }

  refusal(): null {
    return null
  }
}

const prices = makePriceBook({
  matcher: globMatcher,
  catalog: sampleCatalog([]),
  overrides: [],
  upstreams: [],
  exchangeRates: [],
  costSource: 'computed',
})

function entryOf(eventId: string, pico: bigint): SettleEntry {
  return settleExternal(
    { prices },
    {
      ...{ callId: externalCallId('webhook', 'relay', eventId), source: 'relay', eventId, startedAtMs: 1 },
      ...{ payer: emptyPayer, keyId: '', vendor: '', model: 'm', usage: null, promptHash: '', amountPath: '' },
      statedPicoUsd: picoUsd(pico),
    },
  )
}

test('an event that the journal did not take can be sent again, also by who waited for it', async () => {
  const journal = new ListedJournal(1)
  const books = new BookOnce(new ListedEvents(), journal)
  const tries = await Promise.allSettled([books.book(entryOf('a', 1n)), books.book(entryOf('a', 1n))])
  assert.deepEqual(
    tries.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.deepEqual(journal.entries, [])
  assert.deepEqual(await books.book(entryOf('a', 1n)), { kind: 'booked', picoUsd: 1n })
  assert.deepEqual(await books.book(entryOf('a', 2n)), { kind: 'known', picoUsd: 1n })
  assert.equal(journal.entries.length, 1)
})

test('each event is in the journal once, however many came at a time', async () => {
  const journal = new ListedJournal(0)
  const books = new BookOnce(new ListedEvents(), journal)
  const ids = Array.from({ length: 300 }, (_, n) => `evt_${n % 100}`)
  await Promise.all(ids.map((id) => books.book(entryOf(id, 3n))))
  assert.deepEqual(new Set(journal.entries.map(({ call }) => call.requestId)), new Set(ids))
  assert.equal(journal.entries.length, 100)
})
