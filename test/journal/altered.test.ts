import assert from 'node:assert/strict'
import { cpSync, mkdirSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { retireSegments } from '#store/journal/retire.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal, type WatchedJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from './entries.ts'
import { forge, framesOf } from './forging.ts'
import { journalOptions, temporaryDirectory } from './journals.ts'

type Step =
  | { readonly do: 'stop'; readonly calls: number }
  | { readonly do: 'kill'; readonly calls: number }
  | { readonly do: 'alter'; readonly where: number }
  | { readonly do: 'retire'; readonly where: number; readonly keep: boolean }

const calls = fc.constantFrom(0, 1, 2, 5, 12)
const where = fc.integer({ min: 0, max: 99 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('stop' as const), calls }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('kill' as const), calls }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('alter' as const), where }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retire' as const), where, keep: fc.boolean() }) },
)

/** A journal through starts, stops and kills, retention, and somebody who knows its format and computes it anew. */
class Story {
  readonly #root: string
  #runs = 0
  #count = 0
  dir: string
  /** The block behind each clean stop. */
  #stops: number[] = []
  /** Behind a block that was altered: the stops that had been noted by then. */
  #betrayed = new Set<number>()

  constructor(t: TestContext) {
    this.#root = temporaryDirectory(t)
    this.dir = `${this.#root}/0`
    mkdirSync(this.dir)
  }

  async act(one: Step): Promise<void> {
    if (one.do === 'stop') {
      const journal = await this.#run(one.calls)
      await journal.close()
      this.#stops.push(journal.position.blockNo + 1)
    }
    if (one.do === 'kill') {
      const journal = await this.#run(one.calls)
      const left = `${this.#root}/${++this.#runs}`
      cpSync(this.dir, left, { recursive: true })
      await journal.close()
      this.dir = left
    }
    if (one.do === 'alter') this.#alter(one.where)
    if (one.do === 'retire') await this.#retire(one)
  }

  async #run(count: number): Promise<WatchedJournal> {
    const { journal } = await openJournal(journalOptions(this.dir, { fsync: 'none', segmentBytes: 4096 }))
    for (let i = 0; i < count; i++) {
      const id = `c${this.#count++}`
      await journal.append(openEntry(id))
      await journal.append(settleEntry(id))
    }
    return journal
  }

  /** One of its records, where it has any. */
  #alter(at: number): void {
    const records = framesOf(this.dir).filter(({ lines }) => lines.some((line) => line.includes('"input":1200')))
    const block = records[Math.floor((at * records.length) / 100)]?.frame.number
    if (block === undefined) return
    forge(this.dir, block, () => false)
    for (const stop of this.#stops) if (stop > block) this.#betrayed.add(stop)
  }

  async #retire({ where: at, keep }: { readonly where: number; readonly keep: boolean }): Promise<void> {
    const blocks = framesOf(this.dir).filter(({ frame }) => frame.kind === 'block')
    const found = blocks[Math.floor((at * blocks.length) / 100)]
    if (found === undefined) return
    const ingested = { segment: found.segment, offset: found.frame.end, blockNo: found.frame.number }
    await retireSegments({ dir: this.dir, ingested, keepMs: keep ? 1e9 : 0, nowMs: Date.now() + 1 })
  }

  async check(): Promise<void> {
    const { fault } = await verifyJournal({ dir: this.dir })
    const first = framesOf(this.dir)[0]?.frame.number ?? 0
    const seen = [...this.#betrayed].filter((stop) => stop >= first).sort((a, b) => a - b)
    if (seen.length === 0) assert.equal(fault, null)
    else assert.match(fault?.reason ?? 'sound', /^the hash chain is not the one with which the journal was closed/)
  }
}

test('what was altered before a stop is never sound again, and nothing else is told of', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const story = new Story(t)
      for (const one of steps) {
        await story.act(one)
        await story.check()
      }
    }),
    { numRuns: 40 },
  )
})

test('a stop at the very end of a segment holds where retention has deleted up to there', async (t) => {
  const dir = temporaryDirectory(t)
  const options = journalOptions(dir, { fsync: 'none', segmentBytes: 1 })
  const first = await openJournal(options)
  await first.journal.append(openEntry('a'))
  await first.journal.close()
  const second = await openJournal(options)
  await second.journal.append(settleEntry('a'))
  const left = temporaryDirectory(t)
  cpSync(dir, left, { recursive: true })
  const ingested = second.journal.position
  await second.journal.close()
  assert.deepEqual(await retireSegments({ dir: left, ingested, keepMs: 0, nowMs: Date.now() + 1 }), {
    compressed: 0,
    deleted: 1,
  })
  assert.equal((await verifyJournal({ dir: left })).fault, null)
})
