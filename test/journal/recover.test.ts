import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { JournalFault } from '#core/ledger/fault.ts'
import type { Disk } from '#store/journal/disk.ts'
import { openFollower } from '#store/journal/reader.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from './entries.ts'
import { journalOptions, writtenJournal } from './journals.ts'
import { MemoryDisk } from './memory-disk.ts'

const dir = '/journal'
const first = `${dir}/000000000001.tgj`

function open(disk: Disk) {
  return openJournal(journalOptions(dir, { disk, segmentBytes: 1e9 }))
}

/** A journal of three calls whose writer was killed. */
async function killedJournal(): Promise<{ disk: MemoryDisk; bytes: Buffer }> {
  const disk = new MemoryDisk()
  const { journal } = await open(disk)
  for (const id of ['a', 'b', 'c']) {
    await journal.append(openEntry(id))
    await journal.append(settleEntry(id))
  }
  const left = disk.afterDeath()
  await journal.close()
  return { disk: left, bytes: left.get(first) }
}

describe('journal start', () => {
  it('cuts a torn last block off at any byte, and keeps what it cut', async () => {
    const { disk, bytes } = await killedJournal()
    const lastBlock = bytes.lastIndexOf('TG1 ')
    for (let cut = lastBlock + 1; cut < bytes.length; cut += 7) {
      disk.put(first, bytes.subarray(0, cut))
      const { journal, recovered } = await open(disk)
      assert.deepEqual(recovered, { opens: [openEntry('c')], tornBytes: cut - lastBlock, altered: null })
      assert.deepEqual(disk.get(`${first}.${lastBlock}.torn`), bytes.subarray(lastBlock, cut))
      assert.deepEqual(disk.get(first), bytes.subarray(0, lastBlock))
      await journal.close()
      disk.remove(`${dir}/closed.json`)
    }
  })

  it('refuses damage with sound blocks behind it, changes nothing and says where it is', async () => {
    const { disk, bytes } = await killedJournal()
    const lastBlock = bytes.lastIndexOf('TG1 ')
    for (let at = 0; at < lastBlock; at += 11) {
      const bad = Buffer.from(bytes)
      bad[at] = (bad[at] ?? 0) ^ 4
      disk.put(first, bad)
      await assert.rejects(open(disk), (fault) => {
        assert.ok(
          fault instanceof JournalFault && fault.code === 'journal_damaged' && fault.place !== null,
          String(fault),
        )
        assert.ok(fault.place.offset <= at, `byte ${at}, reported ${fault.place.offset}`)
        assert.match(fault.message, /000000000001\.tgj, byte \d+: .*tollgate verify/)
        return true
      })
      assert.deepEqual(disk.get(first), bad)
    }
  })

  it('refuses a journal that ends before the place where it was closed', async () => {
    const disk = new MemoryDisk()
    await writtenJournal(dir, 3, { disk, segmentBytes: 1e9 })
    const bytes = disk.get(first)
    disk.put(first, bytes.subarray(0, bytes.lastIndexOf('TG1 ')))
    await assert.rejects(open(disk), { code: 'journal_damaged' })
    disk.remove(first)
    await assert.rejects(open(disk), { code: 'journal_damaged' })
  })

  it('does not trust anything that merely lies where a journal should be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (noise) => {
        const disk = new MemoryDisk()
        disk.put(first, Buffer.from(noise))
        if (noise.length > 0) assert.notEqual((await verifyJournal({ dir, disk })).fault, null)
        const follower = await openFollower({ dir, position: null, disk })
        assert.deepEqual(await follower.next(10), [])
        const { journal, recovered } = await open(disk)
        assert.deepEqual(recovered, { opens: [], tornBytes: noise.length, altered: null })
        await journal.append(openEntry('a'))
        await journal.close()
        assert.equal((await verifyJournal({ dir, disk })).fault, null)
      }),
      { numRuns: 100 },
    )
  })

  it('reads on correctly, or says that it cannot, whatever happens to the bytes', async () => {
    const { disk, bytes } = await killedJournal()
    const edit = fc.record({ at: fc.nat(bytes.length - 1), cut: fc.nat(60), put: fc.uint8Array({ maxLength: 60 }) })
    const sound = await follow(disk)
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let bad = bytes
        for (const { at, cut, put } of edits) bad = Buffer.concat([bad.subarray(0, at), put, bad.subarray(at + cut)])
        fc.pre(!bad.equals(bytes))
        disk.put(first, bad)
        const lines = await follow(disk)
        assert.deepEqual(lines, sound.slice(0, lines.length))
        const cutAtBlock =
          bytes.subarray(0, bad.length).equals(bad) && (await verifyJournal({ dir, disk })).fault === null
        if (!cutAtBlock) assert.notEqual((await verifyJournal({ dir, disk })).fault, null)
      }),
      { numRuns: 300 },
    )
  })
})

/** What can be read before the end or a fault. */
async function follow(disk: Disk): Promise<string[]> {
  const follower = await openFollower({ dir, position: null, disk })
  const lines: string[] = []
  for (;;) {
    try {
      const blocks = await follower.next(1)
      if (blocks.length === 0) return lines
      for (const block of blocks) lines.push(...block.lines)
    } catch (fault) {
      assert.ok(fault instanceof JournalFault && fault.code === 'journal_damaged', String(fault))
      return lines
    }
  }
}
