import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import { externalMark } from '#core/ledger/entry.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { openEntry, settleEntry } from '#test/journal/entries.ts'
import { ListedJournal } from '#test/store/listed-journal.ts'
import { LagMeter } from './lag.ts'
import type { JournalPosition, OpenSource } from './source.ts'

type Line =
  | { readonly kind: 'open' }
  | { readonly kind: 'settled'; readonly endedAtMs: number }
  | { readonly kind: 'external' }
  | { readonly kind: 'unreadable' }

type Step =
  | { readonly kind: 'write'; readonly lines: readonly Line[] }
  /** The store comes so far of what is written. */
  | { readonly kind: 'ingest'; readonly share: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'ask' }

const startMs = 1_790_000_000_000

const line: fc.Arbitrary<Line> = fc.oneof(
  fc.constant<Line>({ kind: 'open' }),
  fc.integer({ min: 0, max: 1_000_000 }).map((ms): Line => ({ kind: 'settled', endedAtMs: startMs + ms })),
  fc.constant<Line>({ kind: 'external' }),
  fc.constant<Line>({ kind: 'unreadable' }),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.array(line, { minLength: 1, maxLength: 6 }).map((lines): Step => ({ kind: 'write', lines })),
  },
  {
    weight: 1,
    arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map((share): Step => ({ kind: 'ingest', share })),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 100_000 }).map((ms): Step => ({ kind: 'wait', ms })) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'ask' }) },
)

function textOf(said: Line): string {
  switch (said.kind) {
    case 'open':
      return encodeEntry(openEntry('c'))
    case 'settled':
      return encodeEntry(settleEntry('c', { endedAtMs: said.endedAtMs }))
    case 'external':
      return encodeEntry(settleEntry('c', { endedAtMs: 1, marks: [externalMark] }))
    case 'unreadable':
      return '{"kind":"settle","callId":"torn"'
  }
}

/** A journal, a store that comes along, and a meter between them; beside them the naive answer. */
class World {
  readonly #journal = new ListedJournal()
  readonly #blocks: (readonly Line[])[] = []
  readonly meter: LagMeter
  #ingested = 0
  #nowMs = startMs
  /** What was said when it was first asked with the store at that place. */
  #said: { readonly ingested: number; readonly sinceMs: number } | null = null

  constructor() {
    this.meter = new LagMeter({
      openSource: this.#journal.open,
      clock: { wallMs: () => this.#nowMs, monotonicMs: () => 0 },
      timers: { after: (_delayMs, run) => ({ cancel: clearImmediate.bind(null, setImmediate(run)) }) },
      progress: () => ({ position: this.#position(), settled: settled(this.#blocks.slice(0, this.#ingested)) }),
    })
  }

  do(what: Exclude<Step, { kind: 'ask' }>): void {
    if (what.kind === 'write') {
      this.#blocks.push(what.lines)
      this.#journal.append(what.lines.map(textOf))
    } else if (what.kind === 'ingest') {
      const left = this.#blocks.length - this.#ingested
      this.#ingested += Math.round(left * what.share)
    } else this.#nowMs += what.ms
  }

  expected(): { readonly records: number; readonly ageMs: number } {
    const waiting = this.#blocks.slice(this.#ingested)
    const records = settled(waiting)
    if (records === 0) {
      this.#said = null
      return { records, ageMs: 0 }
    }
    if (this.#said?.ingested !== this.#ingested) {
      const first = waiting.flat().find((said) => said.kind === 'settled')
      // Of others, who date as they like, it is known only that they wait by now.
      this.#said = { ingested: this.#ingested, sinceMs: first?.kind === 'settled' ? first.endedAtMs : this.#nowMs }
    }
    return { records, ageMs: Math.max(0, this.#nowMs - this.#said.sinceMs) }
  }

  #position(): JournalPosition | null {
    const blockNo = this.#ingested
    return blockNo === 0 ? null : { segment: 'listed', offset: blockNo, blockNo }
  }
}

function settled(blocks: readonly (readonly Line[])[]): number {
  return blocks.flat().filter(({ kind }) => kind !== 'open').length
}

test('the lag is what a count of everything behind the store gives, whenever it is asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const world = new World()
      for (const what of steps) {
        if (what.kind === 'ask') assert.deepEqual(await world.meter.read(), world.expected())
        else world.do(what)
      }
      assert.deepEqual(await world.meter.read(), world.expected())
      await world.meter.close()
    }),
  )
})

test('two who ask at once get one answer', async () => {
  const world = new World()
  world.do({ kind: 'write', lines: [{ kind: 'settled', endedAtMs: startMs - 1_000 }] })
  const [one, other] = await Promise.all([world.meter.read(), world.meter.read()])
  assert.deepEqual(one, { records: 1, ageMs: 1_000 })
  assert.equal(one, other)
})

test('who asks is not kept waiting by a backlog: it is counted on, and is whole in the end', async () => {
  const journal = new ListedJournal()
  for (let i = 0; i < 3; i++) journal.append([encodeEntry(settleEntry(`c${i}`))])
  const held = Promise.withResolvers<void>()
  let patience: (() => void) | null = null
  const meter = new LagMeter({
    async openSource(position) {
      const source = await journal.open(position)
      return {
        async next() {
          const blocks = await source.next(1)
          if (blocks[0]?.blockNo === 3) await held.promise
          return blocks
        },
        end: () => source.end(),
        close: () => source.close(),
      }
    },
    clock: { wallMs: () => 1_790_000_001_000, monotonicMs: () => 0 },
    timers: {
      after(delayMs, run) {
        if (delayMs >= 100) patience = run
        else setImmediate(run)
        return { cancel: () => undefined }
      },
    },
    progress: () => ({ position: null, settled: 0 }),
  })
  const asked = meter.read()
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(patience !== null)
  ;(patience as () => void)()
  assert.deepEqual(await asked, { records: 2, ageMs: 100 })
  held.resolve()
  assert.deepEqual(await meter.read(), { records: 3, ageMs: 100 })
  await meter.close()
})

test('a store that comes by the count is told from one that has it all', async () => {
  const journal = new ListedJournal()
  for (let i = 0; i < 3; i++) journal.append([encodeEntry(settleEntry(`c${i}`))])
  const held = Promise.withResolvers<void>()
  const patience: (() => void)[] = []
  let ingested = 0
  const meter = new LagMeter({
    async openSource(position) {
      const source = await journal.open(position)
      return {
        async next(maxEntries) {
          if (position === null) await held.promise
          return source.next(maxEntries)
        },
        end: () => source.end(),
        close: () => source.close(),
      }
    },
    clock: { wallMs: () => 1_790_000_001_000, monotonicMs: () => 0 },
    timers: {
      after(delayMs, run) {
        if (delayMs >= 100) patience.push(run)
        else setImmediate(run)
        return { cancel: () => undefined }
      },
    },
    progress: () => ({
      position: ingested === 0 ? null : { segment: 'listed', offset: ingested, blockNo: ingested },
      settled: ingested,
    }),
  })
  const saidAt = async (place: number) => {
    const asked = meter.read()
    ingested = place
    for (const isOver of patience.splice(0)) isOver()
    return asked
  }
  assert.deepEqual(await saidAt(2), { records: 1, ageMs: 100 })
  assert.deepEqual(await saidAt(3), { records: 0, ageMs: 0 })
  held.resolve()
  await meter.close()
})

const faults = [
  new JournalFault('journal_damaged', 'unreadable'),
  Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' }),
]
for (const fault of faults) {
  test(`where the journal cannot be read any further, what stands before still counts: ${fault.message}`, async () => {
    const journal = new ListedJournal()
    journal.append([encodeEntry(settleEntry('c1')), encodeEntry(settleEntry('c2'))])
    let opened = 0
    const open: OpenSource = async (position) => {
      const source = await journal.open(position)
      opened++
      return {
        async next(maxEntries) {
          const blocks = await source.next(maxEntries)
          if (blocks.length === 0) throw fault
          return blocks
        },
        end: () => source.end(),
        async close() {
          opened--
        },
      }
    }
    const meter = new LagMeter({
      openSource: open,
      clock: { wallMs: () => 1_790_000_001_000, monotonicMs: () => 0 },
      timers: { after: (_delayMs, run) => ({ cancel: clearImmediate.bind(null, setImmediate(run)) }) },
      progress: () => ({ position: null, settled: 0 }),
    })
    for (let i = 0; i < 2; i++) assert.deepEqual(await meter.read(), { records: 2, ageMs: 100 })
    await meter.close()
    assert.equal(opened, 0)
  })
}

test('where it takes long to find the oldest, nobody waits for it, and it is known later', async () => {
  const journal = new ListedJournal()
  let held = Promise.withResolvers<void>()
  let position: JournalPosition | null = null
  let opened = 0
  const openSource: OpenSource = async (from) => {
    const source = await journal.open(from)
    // The first is the count's.
    const slow = ++opened > 1
    return {
      ...source,
      async next(most) {
        if (slow) await held.promise
        return source.next(most)
      },
    }
  }
  const meter = new LagMeter({
    openSource,
    clock: { wallMs: () => startMs + 9_000, monotonicMs: () => 0 },
    timers: { after: (_delayMs, run) => ({ cancel: clearImmediate.bind(null, setImmediate(run)) }) },
    progress: () => ({ position, settled: position?.blockNo ?? 0 }),
  })
  const write = (endedAtMs: number) => journal.append([textOf({ kind: 'settled', endedAtMs: startMs + endedAtMs })])
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  for (const endedAtMs of [1_000, 2_000, 3_000]) write(endedAtMs)
  assert.deepEqual(await meter.read(), { records: 3, ageMs: 0 })
  assert.deepEqual(await meter.read(), { records: 3, ageMs: 0 })
  assert.equal(opened, 2, 'one look at a time')
  held.resolve()
  await turn()
  assert.deepEqual(await meter.read(), { records: 3, ageMs: 8_000 })
  held = Promise.withResolvers<void>()
  position = { segment: 'listed', offset: 2, blockNo: 2 }
  assert.deepEqual(await meter.read(), { records: 1, ageMs: 8_000 }, 'at least not less than before')
  held.resolve()
  await turn()
  assert.deepEqual(await meter.read(), { records: 1, ageMs: 6_000 })
  await meter.close()
})
