import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import type { OpenSource } from '#store/ingest/source.ts'
import { VirtualTime } from '../journal/virtual-time.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { ListedJournal } from './listed-journal.ts'

let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture()
})
after(() => fixture.close())

test('what comes is gathered for two seconds, for less where much comes, and not where somebody waits', async () => {
  const journal = new ListedJournal()
  const time = new VirtualTime()
  const ingester = await fixture.ingester(journal.open, 'pace', fixture.database, time)
  const hasRows = async (count: number) => {
    while (ingester.state().rows < count) await nextTurn()
  }
  append(journal, 1)
  ingester.start()
  await hasRows(5)
  append(journal, 2)
  await time.pass(1_999)
  assert.equal(ingester.state().rows, 5)
  await time.pass(1)
  await hasRows(10)
  // 4,000 in two seconds: two thousand are there after one.
  for (let seed = 3; seed < 6; seed++) append(journal, seed, 1_300)
  await time.pass(2_000)
  await hasRows(3_910)
  append(journal, 6)
  await time.pass(1_025)
  assert.equal(ingester.state().rows, 3_910)
  await time.pass(1)
  await hasRows(3_915)
  append(journal, 7)
  await ingester.caughtUp()
  assert.equal(ingester.state().rows, 3_920)
  await ingester.stop()
})

test('who asks for what was there some time ago waits only where it has not been looked at since', async () => {
  const journal = new ListedJournal()
  const time = new VirtualTime()
  const ingester = await fixture.ingester(journal.open, 'recent', fixture.database, time)
  append(journal, 101)
  ingester.start()
  await ingester.caughtUp()
  append(journal, 102)
  await time.pass(299)
  await ingester.caughtUp(300)
  assert.equal(ingester.state().rows, 5)
  await time.pass(1)
  await ingester.caughtUp(300)
  assert.equal(ingester.state().rows, 10)
  await ingester.stop()
})

test('who waits is not kept waiting by what comes after', async () => {
  const journal = new ListedJournal()
  let seed = 201
  const busy: OpenSource = async (position) => {
    const source = await journal.open(position)
    return {
      async next(maxEntries) {
        const blocks = await source.next(maxEntries)
        append(journal, ++seed)
        return blocks
      },
      end: () => source.end(),
      close: () => source.close(),
    }
  }
  const ingester = await fixture.ingester(busy, 'busy', fixture.database, new VirtualTime())
  append(journal, seed)
  ingester.start()
  await ingester.caughtUp()
  assert.ok(ingester.state().rows >= 5)
  await ingester.stop()
})

/** Each journal has seeds of its own: one with the calls of another is taken for that one. */
function append(journal: ListedJournal, seed: number, count = 5): void {
  const toMs = Date.now()
  const entries = fc.sample(settleEntries(toMs - 1_000, toMs), { numRuns: count, seed })
  journal.append(entries.map(encodeEntry))
}
