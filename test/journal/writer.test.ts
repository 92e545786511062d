import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from './entries.ts'
import { temporaryDirectory as directory, journalOptions as options } from './journals.ts'

describe('journal writer', () => {
  for (const fsync of ['group', 'each', 'none'] as const) {
    it(`remembers over a restart which calls are unsettled, with fsync ${fsync}`, async (t) => {
      const dir = directory(t)
      const first = await openJournal(options(dir, { fsync }))
      assert.deepEqual(first.recovered, { opens: [], tornBytes: 0, altered: null })
      for (let i = 0; i < 300; i++) await first.journal.append(openEntry(`c${i}`))
      await Promise.all(Array.from({ length: 298 }, (_, i) => first.journal.append(settleEntry(`c${i}`))))
      // A full segment is left once the sync under way has ended, which on a busy disk can be after the last write.
      while (first.journal.stats().segments === 1) await nextTurn()
      await first.journal.close()
      const second = await openJournal(options(dir, { fsync }))
      assert.deepEqual(second.recovered, { opens: [openEntry('c298'), openEntry('c299')], tornBytes: 0, altered: null })
      await second.journal.close()
    })
  }

  it('writes the entries of one turn of the event loop as one block', async (t) => {
    const { journal } = await openJournal(options(directory(t)))
    await Promise.all(['a', 'b', 'c'].map((id) => journal.append(openEntry(id))))
    assert.equal(journal.stats().blocks, 1)
    assert.equal(journal.stats().entries, 3)
    await journal.close()
  })

  it('refuses entries once it is closed', async (t) => {
    const { journal } = await openJournal(options(directory(t)))
    await journal.close()
    await assert.rejects(journal.append(openEntry('a')), { name: 'JournalFault', code: 'journal_closed' })
  })

  it('writes what is pending before it closes', async (t) => {
    const dir = directory(t)
    const { journal } = await openJournal(options(dir))
    const written = journal.append(openEntry('a'))
    await journal.close()
    await written
    const again = await openJournal(options(dir))
    assert.deepEqual(again.recovered.opens, [openEntry('a')])
    await again.journal.close()
  })

  it('refuses new calls while the disk has too little room, and still settles', async (t) => {
    const { journal } = await openJournal(options(directory(t), { minFreeBytes: Number.MAX_SAFE_INTEGER }))
    assert.equal(journal.refusal()?.code, 'journal_full')
    await assert.rejects(journal.append(openEntry('a')), { code: 'journal_full' })
    await journal.append(settleEntry('a'))
    await journal.close()
  })

  it('names segments by their first block', async (t) => {
    const dir = directory(t)
    // Without syncs, which a full segment waits for.
    const { journal } = await openJournal(options(dir, { segmentBytes: 1, fsync: 'none' }))
    await journal.append(openEntry('a'))
    await journal.append(openEntry('b'))
    await journal.close()
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.endsWith('.tgj')),
      ['000000000001.tgj', '000000000002.tgj'],
    )
  })
})
