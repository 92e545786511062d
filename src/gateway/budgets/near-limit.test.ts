import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyPayer } from '#core/attribution/payer.ts'
import type { Amounts } from '#core/budget/amounts.ts'
import type { BudgetBook } from '#core/budget/book.ts'
import type { Budget } from '#core/budget/budget.ts'
import { matchEndpoint } from '#providers/endpoints.ts'
import { budget, figures, knowing, startMs, usd, usdPerDay } from '#test/budget-laws/sample.ts'
import { settleEntry } from '#test/journal/entries.ts'
import { turn } from '#test/journal/virtual-time.ts'
import { Machine } from '#test/simulation/machine.ts'
import { planRun } from '#test/simulation/plan.ts'
import { RoadWorks } from '#test/simulation/road.ts'
import { exchange, never } from '#test/support/asking-exchange.ts'
import { admit } from '../request/admit.ts'
import { readAsk } from '../request/ask.ts'
import { chooseRoute } from '../request/route.ts'
import type { Road } from '../road.ts'
import { type Asking, admittedCall, type Reserved } from './asking.ts'
import { boundOf } from './bound.ts'
import { BudgetDesk } from './desk.ts'
import { reserve } from './reserve.ts'

const works = await RoadWorks.prepare()

/** What a caller asks for, and how much of it there comes. */
interface Wanted {
  readonly stream: boolean
  readonly mostTokens: number
  readonly usedTokens: number
  /** Of a stream, how many come at once. */
  readonly chunkTokens: number
}

/** A call that was let through. */
interface Running {
  readonly wanted: Wanted
  readonly asking: Asking
  readonly reserved: Reserved
  readonly cost: (outputTokens: number) => Amounts
  outputTokens: number
}

/** A stream begins with no fewer. */
const fewestFirstTokens = 128
/** A shortened answer has no fewer. */
const fewestTokens = 16

/** Callers of one budget. No time passes, so that nobody's wait is over before there is nothing to wait for. */
class Callers {
  readonly running: Running[] = []
  readonly desk: BudgetDesk
  readonly #book: BudgetBook
  readonly #road: Road
  readonly #limits: Amounts
  readonly #nearLimit: Budget['nearLimit']
  readonly #broken: string[] = []
  #calls = 0

  constructor(limits: Amounts, nearLimit: Budget['nearLimit']) {
    const machine = new Machine(planRun(0))
    this.#limits = limits
    this.#nearLimit = nearLimit
    const { picoUsd, tokens: count } = limits
    const both = [usdPerDay(picoUsd), { quantity: 'tokens', window: 'day', count }] as const
    this.#book = knowing(budget('team', both, { nearLimit }))
    this.desk = new BudgetDesk(this.#book, { timers: machine.time, refusalStatus: 402, holdWaitMs: 10_000 })
    const journal = { append: never, refusal: never, close: never }
    const road = works.lay({ machine, journal, upstream: { send: never }, chance: () => 0 })
    this.#road = { ...road, budgets: this.desk }
  }

  async arrive(wanted: Wanted): Promise<void> {
    const asking = this.#asking(wanted)
    const bound = await boundOf(this.#road, asking).counted()
    const fewest = this.#fewestTokens(wanted)
    const least = bound.withOutput(Math.min(fewest, wanted.mostTokens))
    void Promise.resolve(reserve(this.#road, asking)).then((reserved) => {
      if (reserved.kind === 'reserved') {
        const cost = (outputTokens: number) => bound.withOutput(outputTokens)
        this.running.push({ wanted, asking, reserved, cost, outputTokens: 0 })
        return
      }
      const { picoUsd, tokens } = this.#notSpent()
      if (least.picoUsd <= picoUsd && least.tokens <= tokens)
        this.#broken.push(
          `refused with ${picoUsd} and ${tokens} not spent, ${least.picoUsd} and ${least.tokens} needed`,
        )
    })
    await turn()
  }

  #fewestTokens({ stream, mostTokens }: Wanted): number {
    if (stream) return fewestFirstTokens
    return this.#nearLimit === 'shrink' ? fewestTokens : mostTokens
  }

  #notSpent(): Amounts {
    const [money = 0n] = figures(this.#book)
    const [tokens = 0n] = figures(this.#book, startMs, 1)
    return usd(this.#limits.picoUsd - money, this.#limits.tokens - Number(tokens))
  }

  /** A part of somebody's answer comes, of a token for each byte: more tokens no answer has. */
  async goOn(which: number): Promise<void> {
    const index = which % this.running.length
    const call = this.running[index]
    if (call === undefined) return
    const { wanted, asking, reserved, cost } = call
    const most = Math.min(wanted.usedTokens, limitOf(reserved))
    call.outputTokens = wanted.stream ? Math.min(call.outputTokens + wanted.chunkTokens, most) : most
    const goesOn = reserved.allowance === null || reserved.allowance.covers(call.outputTokens)
    if (!goesOn || call.outputTokens === most) {
      this.running.splice(index, 1)
      const { picoUsd: totalPicoUsd, tokens: input } = cost(call.outputTokens)
      const entry = settleEntry(asking.arrival.callId)
      const used = { cost: { ...entry.cost, totalPicoUsd }, tokens: { ...entry.tokens, input, output: 0 } }
      this.desk.written([{ ...entry, ...used, call: { ...entry.call, ...admittedCall(asking) } }])
      await turn()
    }
  }

  check(): void {
    assert.deepEqual(this.#broken, [])
    for (const limit of [0, 1]) {
      const [, , available = -1n] = figures(this.#book, startMs, limit)
      assert.ok(available >= 0n, `${-available} more than the limit`)
    }
  }

  #asking(wanted: Wanted): Asking {
    return askingFor(this.#road, `call_${this.#calls++}`, wanted)
  }
}

interface Asked extends Pick<Wanted, 'stream' | 'mostTokens'> {
  /** How many answers at once. */
  readonly n?: number
}

function askingFor(road: Road, callId: string, { stream, mostTokens, n = 1 }: Asked): Asking {
  const match = matchEndpoint(exchange.method, exchange.path, exchange.headers)
  assert.ok(match !== null)
  const arrival = { exchange, match, callId, requestId: callId, startedAtMs: startMs, arrivedAtMs: 0, trace: null }
  const messages = [{ role: 'user', content: 'What is the capital of France?' }]
  const body = JSON.stringify({ model: 'gpt-4.1-mini', stream, max_tokens: mostTokens, n, messages })
  const caller = admit(road, exchange, startMs)
  assert.ok(caller.kind === 'admitted')
  const ask = readAsk(road, arrival, caller, Buffer.from(body))
  assert.ok('kind' in ask && ask.kind === 'ask')
  const route = chooseRoute(road, arrival, caller, ask)
  assert.ok(route.kind === 'route')
  return { arrival, caller, ask, payer: emptyPayer, route }
}

/** The limit of output that the provider is sent. */
function limitOf({ route: { request } }: Reserved): number {
  assert.ok(Buffer.isBuffer(request.body))
  return JSON.parse(request.body.toString()).max_tokens
}

const someWanted = fc.record({
  stream: fc.boolean(),
  mostTokens: fc.integer({ min: 1, max: 1200 }),
  usedTokens: fc.integer({ min: 1, max: 600 }),
  chunkTokens: fc.integer({ min: 1, max: fewestFirstTokens }),
})

test('nobody is refused while the least that helps could still be given back, and no limit is passed', async () => {
  await fc.assert(
    fc.asyncProperty(
      // Of gpt-4.1-mini: 1.6e-6 USD a token of output.
      fc.record({ money: fc.bigInt({ min: 0n, max: 4_000_000_000n }), tokens: fc.integer({ min: 1, max: 4_000 }) }),
      fc.constantFrom('refuse', 'shrink'),
      fc.array(fc.tuple(someWanted, fc.array(fc.nat(), { maxLength: 12 })), { maxLength: 25 }),
      async ({ money, tokens }, nearLimit, calls) => {
        const callers = new Callers(usd(money, tokens), nearLimit)
        for (const [wanted, turns] of calls) {
          await callers.arrive(wanted)
          for (const which of turns) await callers.goOn(which)
          callers.check()
        }
        while (callers.running.length > 0) {
          await callers.goOn(0)
          callers.check()
        }
        assert.equal(callers.desk.waiting, 0, 'nothing is held for which anybody could wait')
      },
    ),
    { numRuns: 300 },
  )
})

for (const [holdWaitMs, waitsMs] of [
  [10_000, 6_000],
  [4_000, 0],
  [1_000, 0],
  [0, 0],
] as const) {
  test(`of ${holdWaitMs} ms to wait, ${waitsMs} are left after 4000 in which the prompt was counted`, async () => {
    const machine = new Machine(planRun(0))
    const { time } = machine
    const book = knowing(budget('team', [usdPerDay(1_000_000_000n)], { nearLimit: 'refuse' }))
    const desk = new BudgetDesk(book, { timers: time, refusalStatus: 402, holdWaitMs })
    const journal = { append: never, refusal: never, close: never }
    const laid = works.lay({ machine, journal, upstream: { send: never }, chance: () => 0 })
    const countText = () => new Promise<number>((resolve) => time.after(4_000, () => resolve(10)))
    const road = { ...laid, budgets: desk, estimator: { ...laid.estimator, countText } }
    const other = askingFor(road, 'other', { stream: false, mostTokens: 100 })
    assert.equal(desk.hold(admittedCall(other), usd(1_000_000_000n)).kind, 'held')
    let verdict: string | null = null
    void Promise.resolve(reserve(road, askingFor(road, 'call', { stream: false, mostTokens: 100 }))).then(
      ({ kind }) => {
        verdict = kind
      },
    )
    await time.pass(3_999)
    assert.deepEqual([verdict, desk.waiting], [null, 0], 'it is counted')
    await time.pass(1)
    if (waitsMs > 0) {
      assert.deepEqual([verdict, desk.waiting], [null, 1], 'it waits')
      await time.pass(waitsMs - 1)
      assert.equal(verdict, null)
      await time.pass(1)
    }
    assert.deepEqual([verdict, desk.waiting], ['refused', 0])
  })
}

/** A desk of 625 tokens of output of gpt-4.1-mini, of which another call holds so much money. */
function besides(otherPicoUsd: bigint, nearLimit: Budget['nearLimit'] = 'refuse') {
  const machine = new Machine(planRun(0))
  const book = knowing(budget('team', [usdPerDay(1_000_000_000n)], { nearLimit }))
  const desk = new BudgetDesk(book, { timers: machine.time, refusalStatus: 402, holdWaitMs: 10_000 })
  const journal = { append: never, refusal: never, close: never }
  const laid = works.lay({ machine, journal, upstream: { send: never }, chance: () => 0 })
  const road = { ...laid, budgets: desk }
  const other = admittedCall(askingFor(road, 'other', { stream: false, mostTokens: 100 }))
  assert.equal(desk.hold(other, usd(otherPicoUsd)).kind, 'held')
  const verdicts = new Map<string, string>()
  const arrive = async (
    callId: string,
    wanted: Pick<Wanted, 'stream' | 'mostTokens'>,
    by = exchange,
  ): Promise<void> => {
    const asking = askingFor(road, callId, wanted)
    const arrival = { ...asking.arrival, exchange: by }
    void Promise.resolve(reserve(road, { ...asking, arrival })).then(({ kind }) => verdicts.set(callId, kind))
    await turn()
  }
  return { road, book, desk, verdicts, arrive, release: () => desk.release(other.callId) }
}

test('whoever leaves the line makes room at once for those who came later and need less', async () => {
  const { desk, verdicts, arrive } = besides(500_000_000n)
  let leaves = (): void => {}
  let gone = false
  const leaving = {
    ...exchange,
    get gone() {
      return gone
    },
    onGone(listener: () => void) {
      leaves = listener
    },
  }
  await arrive('much', { stream: false, mostTokens: 500 }, leaving)
  await arrive('little', { stream: false, mostTokens: 100 })
  assert.deepEqual([[...verdicts], desk.waiting], [[], 2])
  gone = true
  leaves()
  await turn()
  assert.deepEqual([Object.fromEntries(verdicts), desk.waiting], [{ much: 'refused', little: 'reserved' }, 0])
})

test('a stream waits for what others hold before it begins with less than it needs to flow', async () => {
  const { desk, verdicts, arrive, release } = besides(660_000_000n)
  await arrive('stream', { stream: true, mostTokens: 1_000 })
  assert.deepEqual([[...verdicts], desk.waiting], [[], 1])
  release()
  await turn()
  assert.deepEqual([Object.fromEntries(verdicts), desk.waiting], [{ stream: 'reserved' }, 0])
})

test('of several answers that are made shorter every one is held', async () => {
  const { road, book } = besides(100_000_000n, 'shrink')
  const reserved = await reserve(road, askingFor(road, 'both', { stream: false, mostTokens: 400, n: 2 }))
  assert.ok(reserved.kind === 'reserved')
  assert.deepEqual(reserved.marks, ['output_shrunk'])
  const perAnswer = limitOf(reserved)
  assert.ok(perAnswer > 200 && perAnswer < 400, String(perAnswer))
  const [, held = 0n] = figures(book)
  // 1.6e-6 USD a token of output.
  assert.ok(held >= 100_000_000n + BigInt(2 * perAnswer) * 1_600_000n, String(held))
})
