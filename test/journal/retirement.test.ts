import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { JournalPosition } from '#store/ingest/source.ts'
import { retireSegments } from '#store/journal/retire.ts'
import { Retirement } from '#store/journal/retirement.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { until } from '#test/support/until.ts'
import { temporaryDirectory, writtenJournal } from './journals.ts'
import { VirtualTime } from './virtual-time.ts'

const hourMs = 3_600_000

function segments(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => /\.tgj(\.zst)?$/.test(name))
    .sort()
}

test('segments are compressed once they are in the store, and deleted in time though nobody calls', async (t) => {
  const dir = temporaryDirectory(t)
  const time = new VirtualTime()
  await writtenJournal(dir, 40, { clock: time })
  const names = segments(dir)
  const faults: unknown[] = []
  const onFault = (error: unknown) => faults.push(error)
  const retirement = new Retirement({ dir, keepMs: 2.5 * hourMs, nowMs: () => time.wallMs(), timers: time, onFault })
  const { lastBlock } = await verifyJournal({ dir })
  const ingested: JournalPosition = { segment: names.at(-1) ?? '', offset: 0, blockNo: lastBlock ?? 0 }
  const compressed = [...names.slice(0, -1).map((name) => `${name}.zst`), names.at(-1)]

  retirement.reached(ingested)
  await until('all but the newest to be compressed', () => segments(dir).join() === compressed.join() || null)
  for (let hours = 1; hours <= 2; hours++) {
    await time.pass(hourMs)
    assert.deepEqual(segments(dir), compressed)
  }
  await until('retention to delete them', async () => {
    await time.pass(hourMs)
    return segments(dir).length === 1 || null
  })
  assert.equal((await verifyJournal({ dir })).fault, null)
  retirement.close()
  assert.deepEqual(faults, [])
})

test('a segment that is left behind while others are compressed has its turn', async (t) => {
  const dir = temporaryDirectory(t)
  const time = new VirtualTime()
  await writtenJournal(dir, 40, { clock: time })
  const names = segments(dir)
  const at = (index: number): JournalPosition => ({
    segment: names[index] ?? '',
    offset: 0,
    blockNo: Number(names[index]?.slice(0, 12)),
  })
  const retirement = new Retirement({ dir, keepMs: 1e12, nowMs: () => null, timers: time, onFault: assert.ifError })
  retirement.reached(at(2))
  retirement.reached(at(4))
  await until('four to be compressed', () => segments(dir).filter((name) => name.endsWith('.zst')).length === 4 || null)
  retirement.close()
})

test('what a death left of a compression is gone with its segment', async (t) => {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, 40)
  const names = segments(dir)
  writeFileSync(`${dir}/${names[0]}.packing`, 'half of it')
  const ingested = { segment: names.at(-1) ?? '', offset: 0, blockNo: Number(names.at(-1)?.slice(0, 12)) }
  await retireSegments({ dir, ingested, keepMs: 0, nowMs: Date.now() + 1 })
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.includes('.tgj')),
    [names.at(-1)],
  )
})
