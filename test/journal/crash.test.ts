import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeEntry } from '#core/ledger/codec.ts'
import type { FsyncMode } from '#store/journal/group-sync.ts'
import { openFollower } from '#store/journal/reader.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal, type WatchedJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from './entries.ts'
import { MemoryDisk, type Mishap } from './memory-disk.ts'
import { turn, VirtualTime } from './virtual-time.ts'

const dir = '/journal'
const segmentBytes = 2500
const reserveBytes = 3000

/** What the callers of a journal were told: entry names in the order in which they were handed in. */
interface Told {
  readonly handedIn: string[]
  readonly acknowledged: Set<string>
  readonly refused: Set<string>
}

type Step =
  | { readonly do: 'open'; readonly calls: number }
  | { readonly do: 'settle'; readonly calls: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'restart' }

const usualSteps: readonly Step[] = [
  { do: 'open', calls: 3 },
  { do: 'pass', ms: 5 },
  { do: 'settle', calls: 2 },
  { do: 'open', calls: 2 },
  { do: 'pass', ms: 5 },
  { do: 'settle', calls: 2 },
  { do: 'restart' },
  { do: 'open', calls: 1 },
  { do: 'settle', calls: 2 },
  { do: 'pass', ms: 300 },
]

/** Drives a journal on a disk that may fail, and notes what it says. Ends early where the disk has crashed. */
async function drive(disk: MemoryDisk, fsync: FsyncMode, steps: readonly Step[]): Promise<Told> {
  const time = new VirtualTime()
  const told: Told = { handedIn: [], acknowledged: new Set(), refused: new Set() }
  const start = () =>
    openJournal({
      dir,
      fsync,
      groupMs: 2,
      segmentBytes,
      minFreeBytes: 0,
      clock: time,
      timers: time,
      disk,
      instance: 'test',
      reserveBytes,
    })
  let running: string[] = []
  let count = 0
  const handIn = (journal: WatchedJournal, name: string) => {
    const [kind, id = ''] = name.split(' ')
    told.handedIn.push(name)
    journal.append(kind === 'open' ? openEntry(id) : settleEntry(id)).then(
      () => {
        told.acknowledged.add(name)
        if (kind === 'open') running.push(id)
      },
      () => {
        // The dead tell nobody.
        if (!disk.crashed) told.refused.add(name)
      },
    )
  }
  let journal: WatchedJournal | null = null
  const act = async (step: Step) => {
    journal ??= (await start()).journal
    if (step.do === 'open') for (let i = 0; i < step.calls; i++) handIn(journal, `open c${count++}`)
    if (step.do === 'settle') {
      for (const id of running.slice(0, step.calls)) handIn(journal, `settle ${id}`)
      running = running.slice(step.calls)
    }
    if (step.do === 'pass') await time.pass(step.ms)
    if (step.do === 'restart') {
      await journal.close()
      journal = null
    }
    await turn()
  }
  for (const step of steps) {
    try {
      await act(step)
    } catch (fault) {
      // Neither a start nor a close has to succeed on a failing disk; the process would end, and the next one try.
      assert.ok(fault instanceof Error && 'code' in fault, String(fault))
      journal = null
    }
    if (disk.crashed) break
  }
  await turn()
  return told
}

async function namesOnDisk(disk: MemoryDisk): Promise<string[]> {
  const follower = await openFollower({ dir, position: null, disk })
  const names: string[] = []
  for (;;) {
    const blocks = await follower.next(1000)
    if (blocks.length === 0) return names
    for (const line of blocks.flatMap((block) => block.lines)) {
      const entry = decodeEntry(line)
      names.push(`${entry.kind} ${entry.call.callId}`)
    }
  }
}

/** The law: after recovery every acknowledged entry is there once and in order, no refused one, and nothing is torn. */
async function assertRecovers(disk: MemoryDisk, told: Told): Promise<void> {
  const time = new VirtualTime()
  const start = () =>
    openJournal({
      dir,
      fsync: 'group',
      groupMs: 2,
      segmentBytes,
      minFreeBytes: 0,
      clock: time,
      timers: time,
      disk,
      reserveBytes,
    })
  const first = await start()
  const names = await namesOnDisk(disk)
  assert.equal(new Set(names).size, names.length, 'an entry is there twice')
  assert.deepEqual(
    names,
    told.handedIn.filter((name) => names.includes(name)),
    'entries are out of order, or nobody wrote them',
  )
  for (const name of told.acknowledged) assert.ok(names.includes(name), `${name} was acknowledged and is lost`)
  for (const name of told.refused) assert.ok(!names.includes(name), `${name} was refused and is there`)
  const unsettled = names.filter((name) => name.startsWith('open ') && !names.includes(name.replace('open', 'settle')))
  assert.deepEqual(first.recovered.opens.map((entry) => `open ${entry.call.callId}`).sort(), unsettled.sort())
  await first.journal.close()
  const second = await start()
  assert.equal(second.recovered.tornBytes, 0)
  assert.deepEqual(second.recovered.opens, first.recovered.opens)
  await second.journal.close()
  assert.equal((await verifyJournal({ dir, disk })).fault, null)
  assert.deepEqual(await namesOnDisk(disk), names)
}

describe('journal recovery', () => {
  for (const fsync of ['group', 'each', 'none'] as const) {
    it(`keeps what was acknowledged, killed at every operation, with fsync ${fsync}`, async () => {
      for (const keepRatio of [0, 0.5, 0.99, 1]) {
        for (let at = 1; ; at++) {
          const disk = new MemoryDisk()
          disk.plan = (operation) => (operation === at ? { kind: 'crash', keepRatio } : null)
          const told = await drive(disk, fsync, usualSteps)
          await assertRecovers(disk.afterDeath(), told)
          if (!disk.crashed) break
        }
      }
    })
  }

  it('keeps what was acknowledged over a power failure at every operation, with fsync each', async () => {
    for (const keepRatio of [0, 0.4, 1]) {
      for (let at = 1; ; at++) {
        const disk = new MemoryDisk()
        disk.plan = (operation) => (operation === at ? { kind: 'crash', keepRatio: 0.5 } : null)
        const told = await drive(disk, 'each', usualSteps)
        await assertRecovers(disk.afterPowerLoss(keepRatio), { ...told, refused: new Set() })
        if (!disk.crashed) break
      }
    }
  })

  it('keeps its word on a disk that fails in any way at any time', async () => {
    const ratio = fc.constantFrom(0, 0.3, 0.9, 1)
    const mishap: fc.Arbitrary<Mishap> = fc.oneof(
      fc.record({
        kind: fc.constant('error' as const),
        code: fc.constantFrom('EIO', 'ENOSPC', 'EINTR', 'EMFILE'),
        keepRatio: ratio,
      }),
      fc.record({ kind: fc.constant('short' as const), keepRatio: ratio }),
    )
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({ do: fc.constant('open' as const), calls: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant('settle' as const), calls: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 5, 300, 1500) }),
      fc.constant({ do: 'restart' as const }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 3, maxLength: 25 }),
        fc.array(fc.option(mishap, { freq: 3 }), { maxLength: 60 }),
        fc.constantFrom('group' as const, 'each' as const, 'none' as const),
        fc.option(fc.nat(80)),
        async (steps, mishaps, fsync, crashAt) => {
          const disk = new MemoryDisk()
          disk.plan = (operation) =>
            operation === crashAt ? { kind: 'crash', keepRatio: 0.6 } : (mishaps[operation] ?? null)
          const told = await drive(disk, fsync, steps)
          await assertRecovers(disk.afterDeath(), told)
        },
      ),
      { numRuns: 300 },
    )
  })
})
