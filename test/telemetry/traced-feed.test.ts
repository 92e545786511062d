import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TraceLink } from '#core/ledger/entry.ts'
import { systemTimers } from '#edge/system.ts'
import type { TracedCall, TracedFeed, TracedPlace } from '#ports.ts'
import { openTracedFeed } from '#store/journal/traced-feed.ts'
import { openJournal } from '#store/journal/writer.ts'
import { placeFile } from '#store/telemetry/places.ts'
import { openEntry, settleEntry } from '../journal/entries.ts'
import { journalOptions, temporaryDirectory } from '../journal/journals.ts'

const linkOf = (n: number): TraceLink => ({
  traceId: String(n).padStart(32, 'a'),
  spanId: String(n).padStart(16, 'b'),
  parentSpanId: n % 2 === 0 ? '' : String(n).padStart(16, 'c'),
})

const open = (dir: string, place: TracedPlace | null, mostOpen = 100) =>
  openTracedFeed({ dir, place, mostOpen, timers: systemTimers })

async function rest(feed: TracedFeed): Promise<{ calls: TracedCall[]; forgotten: number }> {
  const calls: TracedCall[] = []
  let forgotten = 0
  for (;;) {
    const batch = await feed.next(2)
    if (!batch.read) return { calls, forgotten }
    calls.push(...batch.calls)
    forgotten += batch.forgotten
  }
}

const named = (calls: readonly TracedCall[]) => calls.map(({ entry, link }) => [entry.call.callId, link])

test('a feed joins the end of a call to its trace, over restarts, and passes over who has none', async (t) => {
  const dir = temporaryDirectory(t)
  const { journal } = await openJournal(journalOptions(dir))
  await journal.append({ ...openEntry('c1'), trace: linkOf(1) })
  await journal.append(openEntry('plain'))
  await journal.append({ ...openEntry('c2'), trace: linkOf(2) })
  await journal.append(settleEntry('plain'))
  await journal.append(settleEntry('c2'))

  const first = await open(dir, null)
  assert.deepEqual(named((await rest(first)).calls), [['c2', linkOf(2)]])
  const place = first.place()
  await first.close()
  assert.deepEqual(
    place?.open.map(([callId]) => callId),
    ['c1'],
  )

  await journal.append({ ...settleEntry('refused', { outcome: 'refused' }), trace: linkOf(3) })
  await journal.append(settleEntry('c1'))
  await journal.append(settleEntry('c1-twice'))
  await journal.close()
  const second = await open(dir, place)
  assert.deepEqual(named((await rest(second)).calls), [
    ['refused', linkOf(3)],
    ['c1', linkOf(1)],
  ])
  assert.deepEqual(second.place()?.open, [])
  await second.close()
})

test('a caller that names a tag like the member is not taken for a trace', async (t) => {
  const dir = temporaryDirectory(t)
  const { journal } = await openJournal(journalOptions(dir))
  const entry = settleEntry('c1')
  const payer = { ...entry.call.payer, tags: { trace: 'mine', '"trace":"': '"trace":"x"' } }
  await journal.append({ ...openEntry('c1'), call: { ...entry.call, payer } })
  await journal.append({ ...entry, call: { ...entry.call, payer } })
  await journal.close()
  const feed = await open(dir, null)
  assert.deepEqual((await rest(feed)).calls, [])
  await feed.close()
})

test('of too many open calls the oldest are let go, and counted', async (t) => {
  const dir = temporaryDirectory(t)
  const { journal } = await openJournal(journalOptions(dir))
  for (let n = 0; n < 5; n++) await journal.append({ ...openEntry(`c${n}`), trace: linkOf(n) })
  for (let n = 0; n < 5; n++) await journal.append(settleEntry(`c${n}`))
  await journal.close()
  const feed = await open(dir, null, 3)
  const { calls, forgotten } = await rest(feed)
  assert.deepEqual(
    calls.map(({ entry }) => entry.call.callId),
    ['c2', 'c3', 'c4'],
  )
  assert.equal(forgotten, 2)
  await feed.close()
})

test('a feed of a journal that is not there yet has it when it comes', async (t) => {
  const dir = join(temporaryDirectory(t), 'journal')
  const feed = await open(dir, null)
  assert.equal((await feed.next(10)).read, false)
  assert.equal(feed.place(), null)
  mkdirSync(dir)
  const { journal } = await openJournal(journalOptions(dir))
  await journal.append({ ...settleEntry('c1', { outcome: 'refused' }), trace: linkOf(1) })
  await journal.close()
  assert.equal((await rest(feed)).calls.length, 1)
  await feed.close()
})

test('a place is read as it was written, and what is none is none', (t) => {
  const path = join(temporaryDirectory(t), 'telemetry', 'traces.json')
  const file = placeFile(path)
  assert.equal(file.read(), null)
  const place: TracedPlace = {
    bookmark: '{"segment":"x"}',
    open: [
      ['c1', linkOf(1)],
      ['c2', linkOf(2)],
    ],
  }
  file.write(place)
  assert.deepEqual(file.read(), place)
  const text = readFileSync(path, 'utf8')
  for (const broken of [
    '',
    'null',
    '{}',
    text.slice(0, 20),
    text.replace(':1,', ':2,'),
    text.replace('aaaa', 'AAAA'),
  ]) {
    writeFileSync(path, broken)
    assert.equal(file.read(), null, broken)
  }
})
