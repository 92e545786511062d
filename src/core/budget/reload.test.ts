import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { picoUsd } from '#core/money/pico-usd.ts'
import { globMatcher } from '#lib/glob.ts'
import {
  budget,
  call,
  figures,
  held,
  hourMs,
  knowing,
  refused,
  startMs,
  usd,
  usdPerDay,
} from '#test/budget-laws/sample.ts'
import { BudgetBook } from './book.ts'
import type { BudgetLimit } from './budget.ts'

const usdPerHour = (amount: bigint): BudgetLimit => ({ quantity: 'usd', window: 'hour', picoUsd: picoUsd(amount) })
const notify = { onExceeded: { kind: 'notify' } } as const
const noScope = { payer: {}, tags: {}, keys: null, models: null, providers: null }

function percents(crossings: readonly { readonly thresholdPercent: number }[]): number[] {
  return crossings.map(({ thresholdPercent }) => thresholdPercent)
}

test('edited terms keep what was spent and held', () => {
  const book = knowing(budget('b', [usdPerDay(100n)]))
  held(book.hold(call(), usd(30n))).settle(usd(20n))
  held(book.hold(call(), usd(40n)))
  book.reconfigure([
    budget('b', [usdPerDay(50n), { quantity: 'concurrent', count: 1 }], { thresholds: [1], ...notify }),
  ])
  assert.deepEqual(book.pending(), [])
  assert.deepEqual(figures(book), [20n, 40n, -10n])
  assert.deepEqual(figures(book, startMs, 1), [0n, 1n, 0n])
})

test('a budget of another scope, zone or name starts from the ledger, a new limit of an old one alone', () => {
  for (const rest of [{ timezone: 'Asia/Tokyo' }, { monthStartDay: 2 }, { scope: { ...noScope, keys: ['a'] } }]) {
    const book = knowing(budget('b', [usdPerDay(100n)]))
    book.reconfigure([budget('b', [usdPerDay(100n)], rest)])
    assert.deepEqual(book.pending(), ['b'])
    assert.deepEqual(book.status(startMs), [])
  }
  const book = knowing(budget('b', [usdPerDay(100n)]))
  book.book(call(), usd(5n))
  book.reconfigure([budget('b', [usdPerHour(100n), usdPerDay(100n)])])
  assert.deepEqual(book.pending(), ['b'])
  assert.deepEqual(figures(book), [5n, 0n, 95n], 'the day is known')
  assert.equal(refused(book.hold(call(), usd(1n))).kind, 'not_ready')
  book.reconfigure([budget('b', [usdPerDay(100n)])])
  assert.deepEqual(book.pending(), [])
})

test('a call that is open when its budget is made counts once, whenever its entry is read', () => {
  const book = knowing()
  const [before, across, after] = [call(), call(), call()]
  held(book.hold(before, usd(9n))).settle(usd(1n))
  const hold = held(book.hold(across, usd(9n)))
  book.reconfigure([budget('b', [usdPerDay(100n)], notify)])
  const fold = book.fold(book.pending(), startMs)
  hold.settle(usd(2n))
  held(book.hold(after, usd(9n))).settle(usd(4n))
  for (const [ended, cost] of [[before, 1n] as const, [across, 2n] as const, [after, 4n] as const]) {
    fold.add(ended, usd(cost))
  }
  fold.adopt()
  fold.adopt()
  assert.deepEqual(figures(book), [7n, 0n, 93n])
})

test('a fold is not adopted by a budget that was lost anew since', () => {
  const book = knowing(budget('b', [usdPerHour(100n)]))
  const loseAt = (atMs: number) => refused(book.hold(call(atMs), usd(1n))).kind
  held(book.hold(call(startMs + 9 * hourMs), usd(1n))).release()
  held(book.hold(call(startMs + 19 * hourMs), usd(1n))).release()
  assert.equal(loseAt(startMs), 'not_ready')
  const [first, second] = [book.fold(['b'], startMs), book.fold(['b'], startMs)]
  const between = call()
  first.adopt()
  book.book(between, usd(5n))
  held(book.hold(call(startMs + 9 * hourMs), usd(1n))).release()
  held(book.hold(call(startMs + 19 * hourMs), usd(1n))).release()
  assert.equal(loseAt(startMs), 'not_ready')
  second.adopt()
  assert.deepEqual(book.pending(), ['b'], 'it knows nothing of the call between')
})

test('a fold that begins after what is held is not adopted', () => {
  const book = knowing()
  book.reconfigure([budget('b', [usdPerHour(100n)], notify)])
  const fold = book.fold(book.pending(), startMs)
  held(book.hold(call(startMs - 5 * hourMs), usd(5n)))
  fold.adopt()
  assert.deepEqual(book.pending(), ['b'])
  book.fold(book.pending(), startMs).adopt()
  assert.deepEqual(book.pending(), [])
  assert.deepEqual(figures(book, startMs - 5 * hourMs), [0n, 5n, 95n])
})

test('each threshold is told once in a window, all that are jumped over at once', () => {
  const book = knowing(budget('b', [usdPerHour(100n)]))
  const settle = (cost: bigint, atMs = startMs) => held(book.hold(call(atMs), usd(0n))).settle(usd(cost))
  assert.deepEqual(settle(79n), [])
  assert.deepEqual(settle(1n), [
    {
      budget: 'b',
      window: 'hour',
      thresholdPercent: 80,
      windowStartMs: startMs,
      windowEndMs: startMs + hourMs,
      limit: 100n,
      spent: 80n,
    },
  ])
  assert.deepEqual(percents(book.book(call(), usd(20n))), [95, 100])
  assert.deepEqual(book.book(call(), usd(20n)), [])
  assert.deepEqual(percents(settle(100n, startMs + hourMs)), [80, 95, 100])
})

test('a threshold is told again where a raised limit had brought the use below it, and only there', () => {
  const book = knowing(budget('b', [usdPerDay(100n)]))
  const set = (limit: bigint, thresholds = [80, 95, 100]) => {
    book.reconfigure([budget('b', [usdPerDay(limit)], { thresholds })])
    return percents(book.crossings(startMs))
  }
  assert.deepEqual(percents(book.book(call(), usd(96n))), [80, 95])
  assert.deepEqual(set(110n), [], '87 %')
  assert.deepEqual(percents(book.book(call(), usd(9n))), [95])
  book.book(call(), usd(-40n))
  assert.deepEqual(set(90n), [], '72 % now: a correction is no raised limit, nor is a lowered one')
  assert.deepEqual(percents(book.book(call(), usd(20n))), [], '94 %')
  assert.deepEqual(set(80n), [100], 'lowered, 106 %')
  assert.deepEqual(set(80n, [50, 100, 105]), [105], 'a new threshold below what was told is not')
})

test('what was spent before a budget was known is told when it is', () => {
  const book = new BudgetBook([budget('b', [usdPerDay(100n)])], globMatcher)
  const fold = book.fold(book.pending(), startMs)
  fold.add(call(), usd(90n))
  assert.deepEqual(book.book(call(), usd(6n)), [])
  fold.adopt()
  assert.deepEqual(percents(book.crossings(startMs)), [80, 95])
  assert.deepEqual(book.crossings(startMs), [])
})

test('a restored book is the book that was kept, to the last digit', () => {
  const entry = fc.record({
    picoUsd: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 30n }),
    tokens: fc.nat(),
    hours: fc.nat(3),
  })
  const limits: BudgetLimit[] = [
    usdPerHour(10n ** 29n),
    usdPerDay(10n ** 30n),
    { quantity: 'tokens', window: 'day', count: 5 },
    { quantity: 'requests', window: 'month', count: 5 },
  ]
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const book = knowing(budget('b', limits))
      for (const { picoUsd: money, tokens, hours } of entries)
        book.book(call(startMs + hours * hourMs), usd(money, tokens))
      const again = new BudgetBook([budget('b', limits)], globMatcher)
      assert.ok(again.restore(JSON.parse(JSON.stringify(book.snapshot()))))
      assert.deepEqual(again.snapshot(), book.snapshot())
      const atMs = startMs + 3 * hourMs
      assert.deepEqual(again.status(atMs), book.status(atMs))
      const more = usd(10n ** 29n)
      assert.deepEqual(again.book(call(atMs), more), book.book(call(atMs), more))
    }),
  )
})

test('a snapshot knows of raised limits, and of nothing else than budgets', () => {
  const book = knowing(budget('b', [usdPerDay(100n)]))
  book.book(call(), usd(96n))
  const snapshot = JSON.parse(JSON.stringify(book.snapshot()))
  const raised = new BudgetBook([budget('b', [usdPerDay(110n)])], globMatcher)
  assert.ok(raised.restore(snapshot))
  assert.deepEqual(percents(raised.book(call(), usd(9n))), [95])
  book.book(call(), usd(-30n))
  const same = new BudgetBook([budget('b', [usdPerDay(100n)])], globMatcher)
  assert.ok(same.restore(JSON.parse(JSON.stringify(book.snapshot()))))
  assert.deepEqual(percents(same.book(call(), usd(30n))), [], 'told before the correction')
  const broken = [null, 'x', {}, { version: 2, budgets: [] }, { version: 1 }, { version: 1, budgets: [{ name: 'b' }] }]
  const text = JSON.stringify(snapshot)
  const spoilt = [
    text.replace('"0.000000000096"', '"9.6e-11"'),
    text.replace('"usd"', '"eur"'),
    text.replace('day', 'age'),
  ]
  for (const wrong of [...broken, ...spoilt.map((one) => JSON.parse(one))]) {
    const fresh = new BudgetBook([budget('b', [usdPerDay(100n)])], globMatcher)
    assert.equal(fresh.restore(wrong), false, JSON.stringify(wrong))
    assert.deepEqual(fresh.pending(), ['b'])
  }
})

test('a budget that is made while a stream flows does not end it before it is known what was spent', () => {
  const book = knowing(budget('old', [usdPerDay(1000n)]))
  const before = call()
  const stream = held(book.hold(call(), usd(10n)))
  book.reconfigure([budget('old', [usdPerDay(1000n)]), budget('new', [usdPerDay(100n)])])
  assert.equal(refused(book.hold(call(), usd(1n))).kind, 'not_ready')
  assert.equal(stream.shortOf(usd(20n).picoUsd, 0), null)
  assert.ok(stream.extend(usd(20n).picoUsd, 0))
  const fold = book.fold(book.pending(), startMs)
  fold.add(before, usd(65n))
  fold.adopt()
  assert.deepEqual(figures(book, startMs, 1), [65n, 30n, 5n])
  assert.equal(stream.shortOf(usd(6n).picoUsd, 0)?.budget, 'new')
  assert.ok(!stream.extend(usd(6n).picoUsd, 0))
  assert.ok(stream.extend(usd(5n).picoUsd, 0))
})
