import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { openFollower } from '#store/journal/reader.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal } from '#store/journal/writer.ts'
import { mountSmallDisk } from '#test/support/small-disk.ts'
import { openEntry, settleEntry } from './entries.ts'
import { journalOptions } from './journals.ts'
import { MemoryDisk } from './memory-disk.ts'
import { turn, VirtualTime } from './virtual-time.ts'

const dir = '/journal'

function virtual(disk: MemoryDisk, time: VirtualTime, minFreeBytes = 0) {
  return openJournal(journalOptions(dir, { disk, clock: time, timers: time, minFreeBytes, reserveBytes: 8_000 }))
}

describe('a full disk', () => {
  it('refuses new calls, settles the running ones from the reserve, and recovers by itself', async () => {
    const disk = new MemoryDisk()
    const time = new VirtualTime()
    const { journal } = await virtual(disk, time)
    await journal.append(openEntry('a'))
    await journal.append(openEntry('b'))
    disk.capacityBytes = used(disk) + 100
    await assert.rejects(journal.append(openEntry('c')), { name: 'JournalFault', code: 'journal_full' })
    assert.equal(journal.refusal()?.code, 'journal_full')
    await journal.append(settleEntry('a'))
    await journal.append(settleEntry('b'))
    await time.pass(5_000)
    assert.equal(journal.refusal()?.code, 'journal_full')
    disk.capacityBytes = Number.POSITIVE_INFINITY
    await time.pass(1_000)
    assert.equal(journal.refusal(), null)
    await journal.append(openEntry('d'))
    await journal.close()
    assert.ok(disk.list(dir).includes('reserve'))
    assert.deepEqual(await ids(disk), ['open a', 'open b', 'settle a', 'settle b', 'open d'])
  })

  it('keeps trying to settle when even the reserve is used up', async () => {
    const disk = new MemoryDisk()
    const time = new VirtualTime()
    const { journal } = await virtual(disk, time)
    disk.capacityBytes = used(disk)
    let written = 0
    const settled = Array.from({ length: 30 }, (_, i) => journal.append(settleEntry(`c${i}`)).then(() => written++))
    await time.pass(3_000)
    assert.equal(written, 0)
    assert.equal(journal.stats().pendingEntries, 30)
    disk.capacityBytes = Number.POSITIVE_INFINITY
    await time.pass(300)
    await Promise.all(settled)
    assert.equal(written, 30)
    await journal.close()
    assert.equal((await verifyJournal({ dir, disk })).fault, null)
  })

  it('refuses new calls as soon as the free space is below the limit, and not for longer', async () => {
    const disk = new MemoryDisk()
    disk.capacityBytes = 100_000
    const time = new VirtualTime()
    const { journal } = await virtual(disk, time, 50_000)
    assert.equal(journal.refusal(), null)
    disk.put(`${dir}/other`, Buffer.alloc(60_000))
    await time.pass(1_000)
    assert.equal(journal.refusal()?.code, 'journal_full')
    await journal.append(settleEntry('a'))
    disk.remove(`${dir}/other`)
    await time.pass(1_000)
    assert.equal(journal.refusal(), null)
    await journal.close()
  })

  for (const [code, refusal] of [
    ['ENOSPC', 'journal_full'],
    ['EDQUOT', 'journal_full'],
    ['EIO', 'journal_failing'],
  ] as const) {
    it(`${code} refuses new calls as ${refusal}, and keeps what ends running ones until it is over`, async () => {
      const disk = new MemoryDisk()
      const time = new VirtualTime()
      const { journal } = await virtual(disk, time)
      disk.plan = (_, verb) => (verb === 'write' ? { kind: 'error', code, keepRatio: 0 } : null)
      const settled = journal.append(settleEntry('a'))
      await time.pass(1_000)
      assert.equal(journal.refusal()?.code, refusal)
      await assert.rejects(journal.append(openEntry('b')), { name: 'JournalFault', code: refusal })
      disk.plan = () => null
      await time.pass(2_000)
      await settled
      assert.equal(journal.refusal(), null)
      await journal.close()
      assert.deepEqual(await ids(disk), ['settle a'])
    })
  }

  it('leaves nothing of a write that failed half-way when it is closed', async () => {
    const disk = new MemoryDisk()
    const time = new VirtualTime()
    const { journal } = await virtual(disk, time)
    await journal.append(openEntry('a'))
    disk.plan = (_, verb) => (verb === 'write' ? { kind: 'error', code: 'EIO', keepRatio: 0.5 } : null)
    const lost = assert.rejects(journal.append(settleEntry('a')), { name: 'JournalFault', code: 'journal_failing' })
    await time.pass(300)
    await assert.rejects(journal.close(), { name: 'JournalFault', code: 'journal_failing' })
    await lost
    disk.plan = () => null
    const next = await virtual(disk, time)
    assert.equal(next.recovered.tornBytes, 0)
    assert.equal(next.recovered.opens.length, 1)
    await next.journal.close()
  })

  it('asks for the free space at most once a second', async () => {
    const disk = new MemoryDisk()
    const time = new VirtualTime()
    const { journal } = await virtual(disk, time)
    let asked = 0
    disk.freeBytes = () => {
      asked++
      return 1e12
    }
    for (let i = 0; i < 100; i++) {
      await time.pass(100)
      for (let k = 0; k < 10; k++) journal.refusal()
    }
    assert.equal(asked, 10)
    await journal.close()
  })

  // Only where this process may mount, which is root outside of a container.
  const disk = mountSmallDisk(2)
  after(() => disk?.unmount())
  if (disk === null) return

  it('is survived for real, on a file system of 2 MB', async () => {
    const options = journalOptions(`${disk.path}/journal`, { reserveBytes: 256 * 1024, segmentBytes: 128 * 1024 })
    const { journal } = await openJournal(options)
    const opened: string[] = []
    let refused: unknown = null
    for (let i = 0; refused === null; i++) {
      await journal.append(openEntry(`c${i}`)).then(
        () => opened.push(`c${i}`),
        (fault: unknown) => {
          refused = fault
        },
      )
      if (i === 500) writeFileSync(`${disk.path}/ballast`, Buffer.alloc(900 * 1024))
    }
    assert.ok(refused instanceof Error && 'code' in refused && refused.code === 'journal_full')
    const running = opened.slice(-100)
    await Promise.all(running.map((id) => journal.append(settleEntry(id))))
    rmSync(`${disk.path}/ballast`)
    while (journal.refusal() !== null) await turn()
    await journal.append(openEntry('after'))
    await journal.close()
    const check = await verifyJournal({ dir: options.dir })
    assert.equal(check.fault, null)
    assert.equal(check.entries, opened.length + running.length + 1)
  })
})

function used(disk: MemoryDisk): number {
  return disk.list(dir).reduce((sum, name) => sum + disk.get(`${dir}/${name}`).length, 0)
}

async function ids(disk: MemoryDisk): Promise<string[]> {
  const follower = await openFollower({ dir, position: null, disk })
  const blocks = await follower.next(1000)
  return blocks
    .flatMap((block) => block.lines)
    .map((line) => JSON.parse(line))
    .map(({ kind, callId }) => `${kind} ${callId}`)
}
