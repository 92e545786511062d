import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import type { OpenSource } from '#store/ingest/source.ts'
import { StoreFault } from '#store/usage/client.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { ListedJournal } from './listed-journal.ts'

let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture()
})
after(() => fixture.close())

test('when an insert fails while the next is being prepared, nothing reads on in what was closed', async () => {
  const journal = new ListedJournal()
  const nowMs = Date.now()
  const lines = fc.sample(settleEntries(nowMs - 1_000, nowMs), { numRuns: 100, seed: 1 }).map(encodeEntry)
  // An insert of so many records says that there is more behind it.
  for (let i = 0; i < 50; i++) journal.append(lines)
  let readAfterClose = 0
  const open: OpenSource = async (position) => {
    const source = await journal.open(position)
    let closed = false
    return {
      async next(maxEntries) {
        if (closed) readAfterClose++
        return await source.next(maxEntries)
      },
      end: () => source.end(),
      async close() {
        closed = true
        await source.close()
      },
    }
  }
  let failing = 1
  const ingester = await fixture.ingester(open, 'backlog', {
    ...fixture.database,
    async insert(into, block, queryId) {
      if (failing-- > 0) throw new StoreFault('store_unreachable', 'not now')
      await fixture.database.insert(into, block, queryId)
    },
  })
  ingester.start()
  await ingester.caughtUp()
  await ingester.stop()
  assert.equal(ingester.state().settled, 5_000)
  assert.equal(readAfterClose, 0)
})
