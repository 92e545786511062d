import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import { VirtualTime } from '../journal/virtual-time.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { ListedJournal } from './listed-journal.ts'

let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture()
})
after(() => fixture.close())

test('a trickle is gathered between inserts, for less time where somebody looks, and not where somebody waits', async () => {
  const journal = new ListedJournal()
  const time = new VirtualTime()
  const ingester = await fixture.ingester(journal.open, 'pace', fixture.database, time)
  const hasRows = async (count: number) => {
    while (ingester.state().rows < count) await nextTurn()
  }
  append(1)
  ingester.start()
  await hasRows(5)
  append(2)
  await time.pass(200)
  append(3)
  await time.pass(199)
  assert.equal(ingester.state().position?.blockNo, 1)
  await time.pass(1)
  await hasRows(15)
  ingester.watched()
  append(4)
  await time.pass(250)
  await hasRows(20)
  append(5)
  await time.pass(249)
  assert.equal(ingester.state().position?.blockNo, 4)
  await time.pass(1)
  await hasRows(25)
  await time.pass(3_000)
  append(6)
  await ingester.caughtUp()
  assert.equal(ingester.state().rows, 30)
  await ingester.stop()

  function append(seed: number): void {
    const toMs = Date.now()
    const entries = fc.sample(settleEntries(toMs - 1_000, toMs), { numRuns: 5, seed })
    journal.append(entries.map(encodeEntry))
  }
})
