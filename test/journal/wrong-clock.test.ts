import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RetentionClock } from '#store/journal/retention-clock.ts'
import { retireSegments } from '#store/journal/retire.ts'
import { listSegments } from '#store/journal/segment-files.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal } from '#store/journal/writer.ts'
import { settleEntry } from './entries.ts'
import { journalOptions } from './journals.ts'
import { MemoryDisk } from './memory-disk.ts'
import { VirtualTime } from './virtual-time.ts'

const dir = '/journal'
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const keepMs = 30 * dayMs
/** For so long a clock that goes wrong stays so. */
const wrongForHours = 20

type Step =
  | { readonly do: 'run'; readonly hours: number }
  | { readonly do: 'restart'; readonly offHours: number }
  /** So far off, and right again after some hours; while it is, the process may start anew. */
  | { readonly do: 'leap'; readonly days: number; readonly hours: number; readonly restart: boolean }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('run' as const), hours: fc.integer({ min: 1, max: 300 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('restart' as const), offHours: fc.integer({ min: 0, max: 900 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('leap' as const),
      days: fc.constantFrom(3_650, 400, 40, 8, -1, -40, -400, -20_000),
      hours: fc.integer({ min: 0, max: wrongForHours }),
      restart: fc.boolean(),
    }),
  },
)

/** A journal that gets a segment and retention every day, through months in which the clock goes wrong. */
class Months {
  readonly #disk = new MemoryDisk()
  readonly #time = new VirtualTime()
  #clock = new RetentionClock('/ingest', this.#time, this.#disk)
  /** Name of a segment → when it ended, in true time. */
  readonly #endedMs = new Map<string, number>()
  #trueMs = 0
  #calls = 0

  async act(one: Step): Promise<void> {
    if (one.do === 'run') await this.#run(one.hours)
    if (one.do === 'restart') await this.#restart(one.offHours)
    if (one.do === 'leap') {
      if (one.restart) await this.#restart(0)
      this.#time.setWall(one.days * dayMs)
      await this.#run(one.hours)
      if (one.restart) await this.#restart(0)
      this.#time.setWall(-one.days * dayMs)
      await this.#run(1)
    }
  }

  async #restart(offHours: number): Promise<void> {
    // Off: nothing is asked, and the clock that never runs back tells nothing of how long.
    this.#trueMs += offHours * hourMs
    this.#time.setWall(offHours * hourMs)
    this.#clock = new RetentionClock('/ingest', this.#time, this.#disk)
    await this.#look(true)
  }

  async #run(hours: number): Promise<void> {
    for (let hour = 0; hour < hours; hour++) {
      if (hour % 24 === 0) await this.#write()
      await this.#look(hour % 24 === 0)
      this.#trueMs += hourMs
      await this.#time.pass(hourMs)
    }
  }

  async #write(): Promise<void> {
    const last = listSegments(this.#disk, dir).at(-1)
    const options = journalOptions(dir, { disk: this.#disk, segmentBytes: 1, fsync: 'none', reserveBytes: 0 })
    const { journal } = await openJournal({ ...options, clock: this.#time })
    await journal.append(settleEntry(`c${this.#calls++}`))
    await journal.close()
    if (last !== undefined) this.#endedMs.set(last.name, this.#trueMs)
  }

  async #look(deletes: boolean): Promise<void> {
    const nowMs = this.#clock.nowMs()
    if (!deletes) return
    const before = listSegments(this.#disk, dir)
    const newest = before.at(-1)
    if (newest === undefined) return
    const ingested = { segment: newest.name, offset: 0, blockNo: newest.firstBlock }
    await retireSegments({ dir, ingested, keepMs, nowMs, disk: this.#disk })
    const left = new Set(listSegments(this.#disk, dir).map(({ name }) => name))
    for (const { name } of before) {
      const ageMs = this.#trueMs - (this.#endedMs.get(name) ?? this.#trueMs)
      if (!left.has(name)) assert.ok(ageMs >= keepMs, `${name} was deleted after ${ageMs / dayMs} days`)
    }
  }

  /** What a clock that was ahead has dated is kept as much longer, if that is less than it is to be kept at all. */
  async end(): Promise<void> {
    await this.#run(63 * 24)
    for (const { name } of listSegments(this.#disk, dir)) {
      const ageMs = this.#trueMs - (this.#endedMs.get(name) ?? this.#trueMs)
      assert.ok(ageMs <= 2 * keepMs + 2 * dayMs, `${name} is still there after ${ageMs / dayMs} days`)
    }
    assert.equal((await verifyJournal({ dir, disk: this.#disk })).fault, null)
  }
}

function bad(days: number, restart: boolean): Step[] {
  return [
    { do: 'run', hours: 100 },
    { do: 'leap', days, hours: 2, restart },
  ]
}

test('a clock that is wrong for hours deletes nothing too early, and keeps nothing for ever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const months = new Months()
      for (const one of steps) await months.act(one)
      await months.end()
    }),
    { numRuns: 6, examples: [[bad(3_650, false)], [bad(400, true)]] },
  )
})

test('a clock is believed when it has gone on for a day, over restarts, and anew after each leap', () => {
  const [disk, time] = [new MemoryDisk(), new VirtualTime()]
  let clock = new RetentionClock('/ingest', time, disk)
  const after = (byMs: number) => {
    time.setWall(byMs)
    return clock.nowMs() === null ? 'not believed' : 'believed'
  }
  assert.equal(after(0), 'not believed')
  assert.equal(after(23 * hourMs), 'not believed')
  clock = new RetentionClock('/ingest', time, disk)
  assert.equal(after(hourMs), 'believed')
  assert.equal(clock.nowMs(), time.wallMs())
  assert.equal(after(3_650 * dayMs), 'not believed')
  assert.equal(after(-3_650 * dayMs), 'not believed')
  assert.equal(after(dayMs), 'believed')
  assert.equal(after(-hourMs), 'not believed')
  assert.equal(after(dayMs), 'believed')
  disk.put('/ingest/clock.json', Buffer.from('{"sinceMs"'))
  clock = new RetentionClock('/ingest', time, disk)
  assert.equal(after(0), 'not believed')
})
