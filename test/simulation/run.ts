import { decodeEntry } from '#core/ledger/codec.ts'
import type { LedgerEntry } from '#core/ledger/entry.ts'
import { createGateway, type Gateway } from '#gateway/gateway.ts'
import { settleInterrupted } from '#gateway/settlement/interrupted.ts'
import { openFollower } from '#store/journal/reader.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal } from '#store/journal/writer.ts'
import type { MemoryDisk } from '#test/journal/memory-disk.ts'
import { turn, VirtualTime } from '#test/journal/virtual-time.ts'
import { Chance } from './chance.ts'
import { FakeClient } from './fake-client.ts'
import { FakeUpstream } from './fake-upstream.ts'
import { journalDir, Machine } from './machine.ts'
import type { RunPlan } from './plan.ts'
import type { RoadWorks } from './road.ts'

export interface RunResult {
  readonly plan: RunPlan
  readonly clients: readonly FakeClient[]
  readonly upstream: FakeUpstream
  readonly died: boolean
  /** After recovery, where the process died. */
  readonly entries: readonly LedgerEntry[]
  /** What was seen to be wrong while it ran. */
  readonly broken: readonly string[]
}

/** Longer than any call can take. */
const longestMs = 120_000

/** Runs a plan from its first call to the last, or to the death of the process and its recovery. */
export async function run(plan: RunPlan, works: RoadWorks): Promise<RunResult> {
  const machine = new Machine(plan)
  const { time, disk } = machine
  const upstream = new FakeUpstream(plan.calls, machine)
  const clients: FakeClient[] = []
  const opened = await openOn(disk, time, plan.fsync).catch((error: unknown) => {
    // Nothing is lost where it could not even start.
    if (!machine.dead && plan.diskTrouble === null) machine.violation(`no journal: ${error}`)
    return null
  })
  if (opened !== null) {
    const { journal } = opened
    const chance = new Chance(plan.seed ^ 0x5eed)
    const road = works.lay({ machine, journal, upstream, chance: () => chance.next() })
    const handOff = () => machine.violation('not for the console')
    const incoming = { take: () => false, configure: () => undefined }
    const metrics = { take: () => machine.violation('not asked for metrics') }
    const gateway = createGateway({ road, handOff, incoming, version: 'test', metrics, host: '127.0.0.1' })
    for (const call of plan.calls) {
      time.after(call.arrivesAtMs, () => {
        const client = new FakeClient(call, machine, plan.seed)
        clients.push(client)
        gateway.take(client)
      })
    }
    for (const { atMs, byMs } of plan.clockSteps) time.after(atMs, () => time.setWall(byMs))
    const drained = drainAsPlanned(plan, machine, gateway)
    for (let passedMs = 0; passedMs < longestMs && !machine.dead; passedMs += 500) {
      await time.pass(500)
      if (passedMs > 2_500 && road.running.count === 0) break
    }
    if (!machine.dead) {
      if (road.running.count > 0) machine.violation(`${road.running.count} calls never ended`)
      else await drained
      await journal.close()
    }
  }
  const broken = [...machine.broken]
  await settleWhatIsLeft(machine.left, works)
  return { plan, clients, upstream, died: machine.dead, entries: await entriesOn(machine.left, broken), broken }
}

function openOn(disk: MemoryDisk, time: VirtualTime, fsync: RunPlan['fsync']) {
  return openJournal({
    dir: journalDir,
    fsync,
    groupMs: 2,
    segmentBytes: 6_000,
    minFreeBytes: 0,
    reserveBytes: 2_000,
    clock: time,
    timers: time,
    disk,
    instance: 'simulation',
  })
}

function drainAsPlanned({ drain }: RunPlan, machine: Machine, gateway: Gateway): Promise<void> {
  if (drain === null) return Promise.resolve()
  return new Promise((resolve) => {
    machine.time.after(drain.atMs, () => void gateway.drain(drain.deadlineMs).then(resolve))
  })
}

/** What the next start does first, on a disk that works. */
async function settleWhatIsLeft(disk: MemoryDisk, works: RoadWorks): Promise<void> {
  disk.plan = () => null
  const time = new VirtualTime()
  const { journal, recovered } = await openOn(disk, time, 'group')
  const written = recovered.opens.map((open) => journal.append(settleInterrupted(open, works.prices, time.wallMs())))
  await turn()
  await Promise.all(written)
  await journal.close()
}

async function entriesOn(disk: MemoryDisk, broken: string[]): Promise<LedgerEntry[]> {
  const { fault } = await verifyJournal({ dir: journalDir, disk })
  if (fault !== null) broken.push(`the journal is damaged: ${JSON.stringify(fault)}`)
  const follower = await openFollower({ dir: journalDir, position: null, disk })
  const entries: LedgerEntry[] = []
  for (;;) {
    const blocks = await follower.next(1_000)
    if (blocks.length === 0) break
    for (const { lines } of blocks) entries.push(...lines.map(decodeEntry))
  }
  await follower.close()
  return entries
}
