import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from './entries.ts'
import { forge, framesOf } from './forging.ts'
import { journalOptions, temporaryDirectory, writtenJournal } from './journals.ts'

const calls = 20
/** A record in the middle: every second block is an open entry. */
const forged = 20

test('a changed amount whose block is sound by itself is found by the chain behind it', async (t) => {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, calls)
  const { frames, at } = forge(dir, forged, () => true)
  const next = frames[at + 1]
  assert.deepEqual((await verifyJournal({ dir })).fault, {
    segment: next?.segment,
    offset: next?.offset,
    reason: 'the hash chain does not match',
  })
})

test('where its whole segment was sealed anew, by the next segment', async (t) => {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, calls)
  const { frames, at } = forge(dir, forged, ({ frame }) => frame.kind === 'segment')
  const next = frames.slice(at).find(({ frame }) => frame.kind === 'segment')
  assert.deepEqual((await verifyJournal({ dir })).fault, {
    segment: next?.segment,
    offset: 0,
    reason: 'the hash chain does not match the segment before',
  })
})

test('where all behind it was sealed anew, by the chain that was noted at the last stop', async (t) => {
  for (const block of [forged, 2 * calls]) {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, calls)
    const { frames } = forge(dir, block, () => false)
    const last = frames.at(-1)
    const reason = `the hash chain is not the one with which the journal was closed before block ${2 * calls + 1}`
    const { fault } = await verifyJournal({ dir })
    assert.deepEqual([fault?.segment, fault?.reason], [last?.segment, reason], `${block}`)
    // A gateway that runs on it has not stopped since.
    const { journal, recovered } = await openJournal(journalOptions(dir))
    assert.match(recovered.altered?.message ?? '', /was altered .*byte \d+: the hash chain is not the one/)
    assert.deepEqual(recovered.altered?.place, { segment: last?.segment, offset: last?.frame.end })
    await journal.append(openEntry('next'))
    const next = framesOf(dir).at(-1)
    const found = { segment: next?.segment, offset: next?.offset, reason }
    assert.deepEqual((await verifyJournal({ dir })).fault, found)
    // Nor do more stops make it sound, which each note a chain of their own.
    await journal.close()
    assert.deepEqual((await verifyJournal({ dir })).fault, found)
    await writtenJournal(dir, calls)
    assert.deepEqual((await verifyJournal({ dir })).fault, found)
    await writtenJournal(dir, 1)
    assert.deepEqual((await verifyJournal({ dir })).fault, found)
  }
})

test('a stop in an older segment than the one that a start reads is kept until it was looked at', async (t) => {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, calls)
  const stopped = 2 * calls + 1
  // Killed: nothing is noted of these.
  const { journal } = await openJournal(journalOptions(dir, { fsync: 'none', segmentBytes: 4096 }))
  for (let i = 0; i < calls; i++) await journal.append(settleEntry(`late${i}`))
  const noted = readFileSync(`${dir}/closed.json`)
  const [left, sound] = [copied(t, dir), copied(t, dir)]
  await journal.close()
  assert.deepEqual(readFileSync(`${left}/closed.json`), noted)
  forge(left, forged, () => false)
  await writtenJournal(left, 1)
  const { fault } = await verifyJournal({ dir: left })
  assert.match(fault?.reason ?? '', new RegExp(`closed before block ${stopped}$`))

  await writtenJournal(sound, 1)
  assert.equal((await verifyJournal({ dir: sound })).fault, null)
})

test('a stop that a start has found to hold needs no second look', async (t) => {
  const dir = temporaryDirectory(t)
  for (let run = 0; run < 4; run++) await writtenJournal(dir, 2, { segmentBytes: 1e9 })
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(`${dir}/closed.json`, 'utf8'))), ['nextBlock', 'chain'])
})

function copied(t: TestContext, dir: string): string {
  const copy = temporaryDirectory(t)
  cpSync(dir, copy, { recursive: true })
  return copy
}
