import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { test } from 'node:test'
import { systemTimers } from '#edge/system.ts'
import type { EntryFeed } from '#ports.ts'
import { openEntryFeed } from '#store/journal/feed.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from './entries.ts'
import { journalOptions, temporaryDirectory, writtenJournal } from './journals.ts'

async function rest(feed: EntryFeed): Promise<{ ids: string[]; bookmark: string | null }> {
  const ids: string[] = []
  let bookmark: string | null = null
  for (;;) {
    const batch = await feed.next(3)
    if (batch.bookmark === null) return { ids, bookmark }
    bookmark = batch.bookmark
    ids.push(...batch.entries.map(({ call }) => call.callId))
  }
}

const named = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `c${from + n}`)

test('a feed has the settled calls in order, and goes on behind a bookmark', async (t) => {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, 10)
  const first = await openEntryFeed({ dir, bookmark: null, timers: systemTimers })
  const batch = await first.next(6)
  const seen = batch.entries.map(({ call }) => call.callId)
  await first.close()
  const second = await openEntryFeed({ dir, bookmark: batch.bookmark, timers: systemTimers })
  const { ids } = await rest(second)
  await second.close()
  assert.ok(seen.length > 0 && ids.length > 0)
  assert.deepEqual([...seen, ...ids], named(0, 10))
})

test('a feed up to a bookmark ends there, however its batches fall', async (t) => {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, 4)
  const whole = await openEntryFeed({ dir, bookmark: null, timers: systemTimers })
  const { bookmark } = await rest(whole)
  await whole.close()
  const { journal } = await openJournal(journalOptions(dir, { fsync: 'none', segmentBytes: 4096 }))
  for (let n = 4; n < 9; n++) await journal.append(settleEntry(`c${n}`))
  await journal.close()
  const until = await openEntryFeed({ dir, bookmark: null, until: bookmark ?? '', timers: systemTimers })
  assert.deepEqual((await rest(until)).ids, named(0, 4))
  await until.close()
})

test('a feed wakes up when the journal is written, also where there was none yet', async (t) => {
  const dir = `${temporaryDirectory(t)}/journal`
  const feed = await openEntryFeed({ dir, bookmark: null, timers: systemTimers })
  t.after(() => feed.close())
  assert.equal((await feed.next(10)).bookmark, null)
  mkdirSync(dir)
  const { journal } = await openJournal(journalOptions(dir))
  for (const id of ['c0', 'c1']) {
    await journal.append(openEntry(id))
    await journal.append(settleEntry(id))
    for (;;) {
      const { entries } = await feed.next(10)
      if (entries.some(({ call }) => call.callId === id)) break
      await feed.more()
    }
  }
  await journal.close()
})

test('a feed that is closed leaves nobody waiting', async (t) => {
  const dir = temporaryDirectory(t)
  const feed = await openEntryFeed({ dir, bookmark: null, timers: { after: () => ({ cancel: () => undefined }) } })
  await feed.more()
  const waiting = feed.more()
  await feed.close()
  await waiting
})

test('a bookmark of something else is refused', async (t) => {
  const dir = temporaryDirectory(t)
  await assert.rejects(openEntryFeed({ dir, bookmark: '{"segment":1}', timers: systemTimers }), /not a place/)
})
