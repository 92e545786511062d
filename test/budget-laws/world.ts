import assert from 'node:assert/strict'
import type { AdmittedCall, Amounts } from '#core/budget/amounts.ts'
import { BudgetBook } from '#core/budget/book.ts'
import type { Budget } from '#core/budget/budget.ts'
import type { Fold } from '#core/budget/fold.ts'
import { Hold } from '#core/budget/hold.ts'
import type { Short } from '#core/budget/short.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { globMatcher } from '#lib/glob.ts'
import { Chance } from '#test/simulation/chance.ts'
import * as some from './chances.ts'
import { type Entry, heldBy, isAbout, mostOf, type Place, spanOf, spentBy, sumIn } from './naive.ts'
import { Teller } from './teller.ts'

interface Running {
  readonly hold: Hold
  readonly call: AdmittedCall
  amounts: Amounts
  /** It runs on without a caller, also when the process dies. */
  readonly isJob: boolean
}

const hourMs = 3_600_000

/**
 * A gateway's book among calls that come and go, clocks that jump, files that are edited and processes that die; and
 * beside it all that a naive reader of the ledger knows. Whatever the book says is compared with that.
 *
 * Some worlds are strict: nothing happens in them that may leave more spent than a limit allows.
 */
export class World {
  readonly met = new Map<string, number>()
  readonly #chance: Chance
  readonly #strict: boolean
  readonly #ledger: Entry[] = []
  readonly #running: Running[] = []
  readonly #teller: Teller
  #budgets: readonly Budget[]
  #book: BudgetBook
  #folds: { readonly fold: Fold; readonly fed: number }[] = []
  #saved: { readonly text: string; readonly position: number } | null = null
  #atMs: number
  #latestMs: number
  #calls = 0

  constructor(seed: number) {
    this.#chance = new Chance(seed)
    this.#strict = this.#chance.happens(0.5)
    this.#budgets = some.someBudgets(this.#chance)
    this.#atMs = some.someStart(this.#chance)
    this.#latestMs = this.#atMs
    this.#book = new BudgetBook(this.#budgets, globMatcher)
    this.#teller = new Teller(this.#budgets, this.#atMs)
    this.#foldAtOnce()
  }

  step(): void {
    const kind = this.#chance.of(steps)
    const before = this.#book.pending()
    this.#count(kind)
    this[kind]()
    this.#check(kind, before)
  }

  hold(): void {
    const chance = this.#chance
    // Now and then a call that has waited, or has to be admitted at the time at which it came.
    const startedAtMs = this.#atMs - (chance.happens(0.1) ? chance.whole(0, 10_000) : 0)
    const call = some.someCall(chance, `c${this.#calls++}`, startedAtMs)
    const amounts = some.someAmounts(chance)
    const unknown = this.#unknown(call)
    const foretold = this.#book.shortOf(call, amounts)
    const result = this.#book.hold(call, amounts)
    // That a window was forgotten is found out by the hold alone.
    if (foretold !== null && this.#unknown(call) > unknown) assert.ok(!(result instanceof Hold), 'it was foretold')
    else if (foretold !== null) assert.deepEqual(foretold, result, 'a hold is refused as it was foretold')
    else assert.ok(result instanceof Hold || result.kind === 'not_ready', 'nothing was foretold')
    this.#judge(call, amounts, result, [])
    if (result instanceof Hold) {
      this.#running.push({ hold: result, call, amounts, isJob: false })
    } else if (result.reroute !== null && !this.#strict) {
      const again = this.#book.hold(call, amounts, result.reroute.budgets)
      this.#judge(call, amounts, again, result.reroute.budgets)
      if (again instanceof Hold) this.#running.push({ hold: again, call, amounts, isJob: false })
      this.#count('rerouted')
    }
  }

  /** Of how many limits that are about it is not known what was spent. */
  #unknown(call: AdmittedCall): number {
    return this.#book.accountsOf(call).limits.filter(({ gap }) => gap !== null).length
  }

  extend(): void {
    const running = this.#anyRunning()
    // A job is held whole from the start.
    if (running === undefined || running.isJob) return
    const { hold, call, amounts } = running
    const more = some.someAmounts(this.#chance)
    const short = hold.shortOf(more.picoUsd, more.tokens)
    const fits = this.#fits(call, more, [], true)
    const pending = this.#refusingPending(call)
    const extended = hold.extend(more.picoUsd, more.tokens)
    assert.equal(short === null, extended, 'it says why it is not extended')
    this.#count(extended ? 'extended' : 'not extended')
    if (extended)
      running.amounts = { picoUsd: picoUsd(amounts.picoUsd + more.picoUsd), tokens: amounts.tokens + more.tokens }
    // Of what was rerouted it is not known here which budgets let it pass.
    if (this.#strict && pending) assert.ok(fits || !extended, 'nothing is extended that does not fit')
    if (this.#strict && !pending) assert.equal(extended, fits, 'an extension fits where there is room')
    assert.equal(hold.heldPicoUsd, running.amounts.picoUsd)
  }

  settle(): void {
    const running = this.#takeRunning()
    if (running === undefined) return
    const { hold, call, amounts } = running
    const cost = some.partOf(this.#chance, amounts, !this.#strict && this.#chance.happens(0.1))
    this.#append({ call, amounts: cost })
    hold.settle(cost)
    if (this.#chance.happens(0.2)) hold.settle(amounts)
    if (this.#chance.happens(0.2)) hold.release()
    assert.equal(hold.heldPicoUsd, 0n)
  }

  release(): void {
    this.#takeRunning()?.hold.release()
  }

  /** A call has begun a job, and is over itself: its entry says that it cost nothing. */
  handOver(): void {
    const running = this.#takeRunning()
    if (running === undefined) return
    const call = { ...running.call, callId: `j${this.#calls++}` }
    const hold = this.#book.handOver(running.hold, call)
    this.#running.push({ hold, call, amounts: running.amounts, isJob: true })
    assert.equal(hold.heldPicoUsd, running.amounts.picoUsd)
    assert.equal(running.hold.isOpen, false)
    // It is a request for itself, for which nobody asked a budget.
    if (this.#strict) return
    const nothing = { call: running.call, amounts: { picoUsd: picoUsd(0n), tokens: 0 } }
    this.#append(nothing)
    this.#book.book(nothing.call, nothing.amounts)
  }

  /** A cost from outside, of now or a while ago. */
  book(): void {
    if (this.#strict) return
    const startedAtMs = this.#atMs - this.#chance.of([0, 0, hourMs, 50 * hourMs])
    const entry = {
      call: some.someCall(this.#chance, `x${this.#calls++}`, startedAtMs),
      amounts: some.someAmounts(this.#chance),
    }
    this.#append(entry)
    this.#book.book(entry.call, entry.amounts)
  }

  wait(): void {
    this.#atMs += some.someStepMs(this.#chance, true)
    this.#latestMs = Math.max(this.#latestMs, this.#atMs)
    this.#teller.look(this.#ledger, this.#atMs)
  }

  edit(): void {
    this.#budgets = some.edited(this.#chance, this.#budgets, this.#strict)
    this.#book.reconfigure(this.#budgets)
    this.#teller.reconfigure(this.#budgets, this.#ledger, this.#atMs)
  }

  startFold(): void {
    const fold = this.#book.fold(this.#book.pending(), this.#atMs)
    for (const { call, amounts } of this.#ledger) fold.add(call, amounts)
    this.#folds.push({ fold, fed: this.#ledger.length })
  }

  endFold(): void {
    const [started] = this.#folds.splice(0, 1)
    if (started === undefined) return
    const { fold, fed } = started
    if (this.#chance.happens(0.5)) for (const { call, amounts } of this.#ledger.slice(fed)) fold.add(call, amounts)
    fold.adopt()
    if (this.#chance.happens(0.2)) fold.adopt()
  }

  foldAtOnce(): void {
    this.#foldAtOnce()
  }

  save(): void {
    this.#saved = { text: JSON.stringify(this.#book.snapshot()), position: this.#ledger.length }
    if (this.#chance.happens(0.3)) this.#saved = { text: '{"version":0}', position: 0 }
  }

  /** All that is in memory is gone; at the next start jobs are held again, and other calls booked as interrupted. */
  die(): void {
    this.#book = new BudgetBook(this.#budgets, globMatcher)
    this.#folds = []
    if (this.#saved !== null && this.#book.restore(JSON.parse(this.#saved.text))) {
      this.#count('restored')
      for (const { call, amounts } of this.#ledger.slice(this.#saved.position)) this.#book.book(call, amounts)
    }
    const left = this.#running.splice(0)
    for (const { call, amounts } of left.filter(({ isJob }) => isJob)) {
      this.#running.push({ hold: this.#book.keep(call, amounts), call, amounts, isJob: true })
      this.#count('kept')
    }
    for (const { call, amounts } of left.filter(({ isJob }) => !isJob)) {
      const entry = { call, amounts: some.partOf(this.#chance, amounts, false) }
      this.#append(entry)
      this.#book.book(entry.call, entry.amounts)
    }
    this.#teller.die(this.#ledger)
  }

  /** Every hold ends, and what is asked of past windows is what the ledger says. */
  end(): void {
    for (const { hold } of this.#running.splice(0)) hold.release()
    assert.equal(this.#book.openHolds, 0)
    for (let i = 0; i < 3; i++) {
      const past = this.#ledger[this.#chance.whole(0, this.#ledger.length)]
      if (past !== undefined) this.#atMs = past.call.startedAtMs
      this.#teller.look(this.#ledger, this.#atMs)
      this.#book.status(this.#atMs)
      this.#foldAtOnce()
      this.#check('end', this.#book.pending())
      for (const { held } of this.#book.status(this.#atMs)) assert.equal(held, 0n)
    }
  }

  #foldAtOnce(): void {
    const fold = this.#book.fold(this.#book.pending(), this.#atMs)
    for (const { call, amounts } of this.#ledger) fold.add(call, amounts)
    fold.adopt()
    assert.deepEqual(this.#book.pending(), [])
  }

  #append(entry: Entry): void {
    this.#ledger.push(entry)
    this.#teller.tell(entry, this.#ledger)
  }

  #anyRunning(): Running | undefined {
    return this.#running[this.#chance.whole(0, this.#running.length)]
  }

  #takeRunning(): Running | undefined {
    return this.#running.splice(this.#chance.whole(0, this.#running.length), 1)[0]
  }

  /** Whether there is room in every limit that refuses, by the ledger and the calls under way. */
  #fits(call: AdmittedCall, amounts: Amounts, rerouted: readonly string[], isMore = false): boolean {
    return this.#budgets.every((budget) => {
      if (budget.onExceeded.kind === 'notify' || !isAbout(budget, call)) return true
      return budget.limits.every((limit) => {
        if (limit.quantity === 'usd' && rerouted.includes(budget.name)) return true
        const amount = heldBy(limit, amounts)
        // Who takes nothing of a limit is not refused by it, however it stands.
        if (amount === 0n || (isMore && (limit.quantity === 'requests' || limit.quantity === 'concurrent'))) return true
        const place = { budget, limit, span: spanOf(budget, limit, call.startedAtMs) }
        return sumIn(this.#ledger, place, spentBy) + this.#heldIn(place) + amount <= mostOf(limit)
      })
    })
  }

  /** Jobs take no place among the calls under way. */
  #heldIn(place: Place): bigint {
    return sumIn(this.#running, place, (limit, amounts, { isJob }) => (isJob ? spentBy : heldBy)(limit, amounts))
  }

  #refusingPending(call: AdmittedCall): boolean {
    const pending = this.#book.pending()
    return this.#budgets.some((budget) => {
      return pending.includes(budget.name) && budget.onExceeded.kind !== 'notify' && isAbout(budget, call)
    })
  }

  #judge(call: AdmittedCall, amounts: Amounts, result: Hold | Short, rerouted: readonly string[]): void {
    this.#count(result.kind)
    const fits = this.#fits(call, amounts, rerouted)
    if (result instanceof Hold) {
      assert.ok(fits || this.#refusingPending(call), 'nothing is granted that does not fit')
      const takesOfAll = amounts.picoUsd > 0n && amounts.tokens > 0
      if (rerouted.length === 0 && takesOfAll)
        assert.ok(!this.#refusingPending(call), 'nothing is granted that is not known to fit')
    } else if (result.kind === 'not_ready') {
      assert.ok(this.#refusingPending(call), 'not_ready is what is pending')
    } else {
      assert.ok(!fits, 'nobody is refused who fits')
      const budget = this.#budgets.find(({ name }) => name === result.budget)
      assert.ok(budget !== undefined && isAbout(budget, call))
      if (result.canWait) assert.ok(result.spent <= result.limit && result.held > 0n, 'there is something to wait for')
    }
  }

  #check(step: string, pendingBefore: readonly string[]): void {
    const status = this.#book.status(this.#atMs)
    const pending = this.#book.pending()
    const isNew = pending.some((name) => !pendingBefore.includes(name))
    if (isNew) {
      const isExpected = step === 'edit' || step === 'die'
      if (!isExpected) this.#count('forgotten')
      assert.ok(isExpected || this.#atMs < this.#latestMs - hourMs, `${step} made ${pending} pending`)
    }
    let index = 0
    for (const budget of this.#budgets) {
      for (const limit of budget.limits) {
        const span = spanOf(budget, limit, this.#atMs)
        const shown = status[index]
        const isShown = shown?.budget === budget.name && shown.quantity === limit.quantity
        const isSame = isShown && (limit.quantity === 'concurrent' || shown.window === limit.window)
        if (!isSame) {
          assert.ok(pending.includes(budget.name), `${budget.name} is shown or pending`)
          continue
        }
        index += 1
        const spent = sumIn(this.#ledger, { budget, limit, span }, spentBy)
        const held = this.#heldIn({ budget, limit, span })
        const most = mostOf(limit)
        assert.equal(shown.spent, spent, `${step}: ${budget.name} ${limit.quantity} spent`)
        assert.equal(shown.held, held, `${step}: ${budget.name} ${limit.quantity} held`)
        assert.equal(shown.available, most - spent - held)
        if (shown.windowStartMs !== null) assert.equal(shown.windowStartMs, span.startMs)
        if (this.#strict && budget.onExceeded.kind !== 'notify')
          assert.ok(spent + held <= most, 'never above the limit')
      }
    }
    assert.equal(index, status.length)
    assert.equal(this.#book.openHolds, this.#running.length)
    this.#teller.check(this.#ledger, this.#atMs)
  }

  #count(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1)
  }
}

const often = [
  'hold',
  'hold',
  'hold',
  'hold',
  'hold',
  'hold',
  'extend',
  'extend',
  'settle',
  'settle',
  'settle',
] as const
const seldom = [
  'release',
  'handOver',
  'handOver',
  'book',
  'wait',
  'wait',
  'edit',
  'startFold',
  'endFold',
  'foldAtOnce',
  'save',
  'die',
] as const
const steps = [...often, ...often, ...seldom] as const

/** Runs so many steps of the world of a seed. What it met, by name. */
export function runWorld(seed: number, count: number): ReadonlyMap<string, number> {
  const world = new World(seed)
  for (let i = 0; i < count; i++) world.step()
  world.end()
  return world.met
}
