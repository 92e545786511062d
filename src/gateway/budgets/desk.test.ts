import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BudgetBook } from '#core/budget/book.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { globMatcher } from '#lib/glob.ts'
import { budget, call, figures, held, startMs, usd, usdPerDay } from '#test/budget-laws/sample.ts'
import { settleEntry } from '#test/journal/entries.ts'
import { turn, VirtualTime } from '#test/journal/virtual-time.ts'
import { BudgetDesk } from './desk.ts'

const team = budget('team', [usdPerDay(1000n)])

interface Opened {
  readonly book: BudgetBook
  readonly desk: BudgetDesk
  readonly time: VirtualTime
}

function opened(...budgets: (typeof team)[]): Opened {
  const book = new BudgetBook(budgets, globMatcher)
  book.fold(book.pending(), startMs).adopt()
  const time = new VirtualTime()
  return { book, desk: new BudgetDesk(book, { timers: time, refusalStatus: 402, holdWaitMs: 10_000 }), time }
}

/** What was spent before the desk has budgets is not its affair. */
function withTeam({ book, desk }: Opened, ledger: readonly SettleEntry[] = []): void {
  desk.configure([team])
  const fold = book.fold(book.pending(), startMs)
  for (const entry of ledger)
    fold.add(entry.call, { picoUsd: entry.cost.totalPicoUsd, tokens: entry.tokens.input + entry.tokens.output })
  fold.adopt()
}

function entryOf(asked: ReturnType<typeof call>, amount: bigint): SettleEntry {
  const entry = settleEntry(asked.callId)
  return {
    ...entry,
    call: { ...entry.call, ...asked },
    outcome: 'served',
    cost: { ...entry.cost, totalPicoUsd: usd(amount).picoUsd },
  }
}

test('a call that came before the first budget is held in it, until its entry is written', () => {
  const one = opened()
  const asked = call()
  one.desk.note(asked.callId, () => ({ call: asked, most: usd(300n) }))
  withTeam(one)
  assert.deepEqual(figures(one.book), [0n, 300n, 700n])
  one.desk.written([entryOf(asked, 20n)])
  one.desk.release(asked.callId)
  assert.deepEqual(figures(one.book), [20n, 0n, 980n])
})

test('what its bound is is asked only where a budget is made while it runs', () => {
  const one = opened()
  const [over, gone] = [call(), call()]
  const entry = entryOf(over, 20n)
  for (const { callId } of [over, gone]) one.desk.note(callId, () => assert.fail('it was asked'))
  // Its entry is in the journal; that its call is over is told a little later.
  one.desk.written([entry])
  one.desk.release(gone.callId)
  withTeam(one, [entry])
  assert.deepEqual(figures(one.book), [20n, 0n, 980n])
  assert.equal(one.book.openHolds, 0)
})

test('a call that came before the first budget leaves what it held to its job', () => {
  const one = opened()
  const [asked, job] = [call(), call()]
  one.desk.note(asked.callId, () => ({ call: asked, most: usd(300n, 7) }))
  assert.deepEqual(one.desk.handOver(asked.callId, job), usd(300n, 7))
  one.desk.release(asked.callId)
  withTeam(one)
  assert.deepEqual(figures(one.book), [0n, 300n, 700n])
  one.desk.written([entryOf(job, 20n)])
  assert.deepEqual(figures(one.book), [20n, 0n, 980n])
  assert.equal(one.desk.handOver(asked.callId, call()), null)
})

test('what is kept for a job of the last run is held though it does not fit, and ends with its entry', () => {
  const { book, desk } = opened(team)
  const [job, other] = [call(), call()]
  desk.keep(job, usd(1200n))
  assert.deepEqual(figures(book), [0n, 1200n, -200n])
  assert.equal(desk.hold(other, usd(1n)).kind, 'budget')
  desk.written([entryOf(job, 100n)])
  assert.deepEqual(figures(book), [100n, 0n, 900n])
  held(book.hold(other, usd(900n)))
})

test('a wait ends with what it was for, with its time, or when it is ended', async () => {
  const one = opened(team)
  const first = call()
  one.desk.hold(first, usd(1000n))
  const tries: string[] = []
  const lineUp = (name: string, amount: bigint) => {
    const asked = call()
    const attempt = () => {
      tries.push(name)
      const got = one.desk.hold(asked, usd(amount))
      return got.kind === 'held' ? null : got.inTheWay
    }
    let isOver = false
    const inTheWay = one.desk.shortOf(asked, usd(amount))?.inTheWay ?? []
    const wait = one.desk.lineUp(asked, { attempt, inTheWay, withinMs: 10_000 })
    void wait.over.then(() => {
      isOver = true
    })
    return { end: wait.end, isOver: () => isOver }
  }
  const [served, late, left] = [lineUp('served', 600n), lineUp('late', 600n), lineUp('left', 1n)]
  assert.equal(one.desk.waiting, 3)
  await one.time.pass(999)
  assert.deepEqual(tries, [], 'nothing was given back')
  await one.time.pass(1)
  assert.deepEqual(tries, ['served', 'late', 'left'], 'once out of turn')
  left.end()
  left.end()
  one.desk.release(first.callId)
  await turn()
  assert.deepEqual([served.isOver(), late.isOver(), left.isOver()], [true, false, true])
  await one.time.pass(9_000)
  assert.ok(late.isOver())
  assert.equal(one.desk.waiting, 0)
})

test('a fault of one who waits is its own', async () => {
  const one = opened(team)
  const first = call()
  one.desk.hold(first, usd(1000n))
  const broken = one.desk.lineUp(call(), { attempt: () => assert.fail('broken'), inTheWay: [], withinMs: 10_000 })
  one.desk.release(first.callId)
  await assert.rejects(broken.over, /broken/)
  assert.equal(one.desk.waiting, 0)
  assert.deepEqual(figures(one.book), [0n, 0n, 1000n])
})
