import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyPayer } from '#core/attribution/payer.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import {
  budget,
  call,
  figures,
  held,
  hourMs,
  knowing,
  minuteMs,
  refused,
  startMs,
  usd,
  usdPerDay,
} from '#test/budget-laws/sample.ts'
import type { AdmittedCall } from './amounts.ts'

test('a hold sets aside, settling books the exact cost and gives back the rest', () => {
  const book = knowing(budget('b', [usdPerDay(100n)]))
  const hold = held(book.hold(call(), usd(60n)))
  assert.deepEqual(figures(book), [0n, 60n, 40n])
  assert.equal(hold.heldPicoUsd, 60n)
  hold.settle(usd(25n))
  assert.deepEqual(figures(book), [25n, 0n, 75n])
  hold.settle(usd(25n))
  hold.release()
  assert.equal(hold.extend(picoUsd(1n), 0), false)
  assert.deepEqual(figures(book), [25n, 0n, 75n], 'what is asked of it later does nothing')
  assert.equal(book.openHolds, 0)
})

test('a released hold leaves nothing behind', () => {
  const book = knowing(budget('b', [usdPerDay(100n), { quantity: 'requests', window: 'day', count: 1 }]))
  held(book.hold(call(), usd(60n))).release()
  assert.deepEqual(figures(book), [0n, 0n, 100n])
  assert.deepEqual(figures(book, startMs, 1), [0n, 0n, 1n])
})

test('all limits of all budgets hold, or none', () => {
  const book = knowing(
    budget('big', [usdPerDay(100n)]),
    budget('small', [usdPerDay(10n), { quantity: 'requests', window: 'minute', count: 5 }]),
  )
  const short = refused(book.hold(call(), usd(11n)))
  assert.deepEqual(
    [short.kind, short.budget, short.available, short.canWait, short.nearLimit],
    ['budget', 'small', 10n, false, 'shrink'],
  )
  assert.deepEqual(figures(book), [0n, 0n, 100n])
  const hold = held(book.hold(call(), usd(10n)))
  assert.equal(hold.extend(picoUsd(1n), 0), false)
  assert.equal(hold.shortOf(picoUsd(1n), 0)?.budget, 'small')
  assert.deepEqual(figures(book), [0n, 10n, 90n])
})

test('a call that would fit were nothing held can wait', () => {
  const book = knowing(budget('b', [usdPerDay(100n)]))
  const first = held(book.hold(call(), usd(70n)))
  assert.equal(refused(book.hold(call(), usd(40n))).canWait, true)
  first.settle(usd(70n))
  assert.equal(refused(book.hold(call(), usd(40n))).canWait, false)
})

test('who only notifies refuses nothing, but is held and booked', () => {
  const book = knowing(budget('b', [usdPerDay(100n)], { onExceeded: { kind: 'notify' } }))
  const hold = held(book.hold(call(), usd(300n)))
  assert.deepEqual(figures(book), [0n, 300n, -200n])
  hold.settle(usd(300n))
  assert.equal(book.status(startMs)[0]?.state, 'exceeded')
  assert.equal(book.available(book.accountsOf(call()), startMs), null)
})

test('requests, tokens and calls under way are limited by the same means', () => {
  const book = knowing(
    budget('b', [
      { quantity: 'requests', window: 'minute', count: 3 },
      { quantity: 'tokens', window: 'minute', count: 100 },
      { quantity: 'concurrent', count: 2 },
    ]),
  )
  const one = held(book.hold(call(), usd(0n, 40)))
  const many = refused(book.hold(call(startMs + 20_000), usd(0n, 61)))
  assert.deepEqual([many.kind, many.quantity, many.retryAfterMs, many.canWait], ['limited', 'tokens', 40_000, true])
  const two = held(book.hold(call(), usd(0n, 60)))
  const third = refused(book.hold(call(), usd(0n, 0)))
  assert.deepEqual([third.quantity, third.canWait, third.windowEndMs], ['concurrent', true, null])
  one.settle(usd(0n, 10))
  two.settle(usd(0n, 10))
  held(book.hold(call(), usd(0n, 80))).settle(usd(0n, 80))
  const fourth = refused(book.hold(call(), usd(0n, 0)))
  assert.deepEqual([fourth.quantity, fourth.canWait, fourth.retryAfterMs], ['requests', false, minuteMs])
  held(book.hold(call(startMs + minuteMs), usd(0n, 100)))
})

test('a request under way stays a request: waiting does not help', () => {
  const book = knowing(budget('b', [{ quantity: 'requests', window: 'hour', count: 1 }]))
  held(book.hold(call(), usd(0n)))
  const short = refused(book.hold(call(startMs + 1), usd(0n)))
  assert.deepEqual([short.kind, short.canWait, short.retryAfterMs], ['limited', false, hourMs - 1])
})

test('what stands first: money that is gone, a rate, what is not known, what others hold', () => {
  const day = usdPerDay(100n)
  const books = [budget('money', [day]), budget('rate', [{ quantity: 'requests', window: 'hour', count: 1 }])]
  const book = knowing(...books)
  const hold = held(book.hold(call(), usd(60n)))
  const kinds = (): string[] => {
    const short = refused(book.hold(call(), usd(50n)))
    return [short.kind, short.budget]
  }
  assert.deepEqual(kinds(), ['limited', 'rate'], 'money may come back')
  book.reconfigure([...books, budget('new', [day])])
  assert.deepEqual(kinds(), ['limited', 'rate'])
  hold.settle(usd(60n))
  assert.deepEqual(kinds(), ['budget', 'money'])
  book.reconfigure([budget('money', [usdPerDay(200n)]), budget('new', [day])])
  assert.deepEqual(kinds(), ['not_ready', 'new'])
})

test('a call over the limit of a budget that reroutes is served by its model', () => {
  const reroute = { onExceeded: { kind: 'reroute', model: 'cheap' } } as const
  const book = knowing(budget('r', [usdPerDay(10n)], reroute), budget('b', [usdPerDay(100n)]))
  const short = refused(book.hold(call(), usd(11n)))
  assert.deepEqual(short.reroute, { model: 'cheap', budgets: ['r'] })
  const hold = held(book.hold(call(startMs, { modelRouted: 'cheap' }), usd(12n), ['r']))
  assert.ok(hold.extend(picoUsd(88n), 0))
  assert.equal(hold.extend(picoUsd(1n), 0), false, 'the other budget still refuses')
  const both = knowing(budget('r', [usdPerDay(10n)], reroute), budget('b', [usdPerDay(10n)]))
  assert.equal(refused(both.hold(call(), usd(11n))).reroute, null)
})

test('a call is booked in the window in which it was admitted', () => {
  const book = knowing(budget('b', [{ quantity: 'usd', window: 'hour', picoUsd: picoUsd(100n) }]))
  const hold = held(book.hold(call(startMs + hourMs - 1), usd(80n)))
  held(book.hold(call(startMs + hourMs), usd(100n)))
  assert.ok(hold.extend(picoUsd(20n), 0))
  assert.equal(hold.extend(picoUsd(1n), 0), false)
  hold.settle(usd(90n))
  assert.deepEqual(figures(book, startMs), [90n, 0n, 10n])
  assert.deepEqual(figures(book, startMs + hourMs), [0n, 100n, 0n])
})

test('a clock that is set back finds what was spent, or the budget is pending until it is found', () => {
  const book = knowing(budget('b', [{ quantity: 'usd', window: 'hour', picoUsd: picoUsd(100n) }]))
  const early = call(startMs)
  held(book.hold(early, usd(90n))).settle(usd(90n))
  held(book.hold(call(startMs + hourMs), usd(10n))).release()
  assert.equal(refused(book.hold(call(startMs + 1), usd(11n))).spent, 90n)
  held(book.hold(call(startMs + 3 * hourMs), usd(10n))).release()
  assert.equal(refused(book.hold(call(startMs + 2), usd(1n))).kind, 'not_ready')
  assert.deepEqual(book.pending(), ['b'])
  const fold = book.fold(['b'], startMs + 2)
  fold.add(early, usd(90n))
  fold.adopt()
  assert.deepEqual(figures(book, startMs + 2), [90n, 0n, 10n])
  assert.equal(refused(book.hold(call(startMs + 3), usd(11n))).kind, 'budget')
})

test('budgets are about calls as their scopes say', () => {
  const scope = { payer: {}, tags: {}, keys: null, models: null, providers: null }
  const limits = [usdPerDay(1n)]
  const book = knowing(
    budget('all', limits),
    budget('search', limits, { scope: { ...scope, payer: { department: ['a', 'b'], project: ['search'] } } }),
    budget('tag', limits, { scope: { ...scope, tags: { env: ['prod'] } } }),
    budget('key', limits, { scope: { ...scope, keys: ['team', 'key_1'] } }),
    budget('gpt', limits, { scope: { ...scope, models: ['GPT-*'] } }),
    budget('azure', limits, { scope: { ...scope, providers: ['azure'] } }),
  )
  const about = (rest: Partial<AdmittedCall>): string[] => {
    return book.accountsOf(call(startMs, rest)).limits.map((account) => account.budget.name)
  }
  const department = { ...emptyPayer, department: 'b', project: 'search' }
  assert.deepEqual(about({}), ['all'])
  assert.deepEqual(about({ payer: department }), ['all', 'search'])
  assert.deepEqual(about({ payer: { ...department, project: '' } }), ['all'])
  assert.deepEqual(about({ payer: { ...emptyPayer, tags: { env: 'prod', x: 'y' } } }), ['all', 'tag'])
  assert.deepEqual(about({ payer: { ...emptyPayer, tags: { env: 'test' } } }), ['all'])
  assert.deepEqual(about({ keyId: 'cfg_team' }), ['all', 'key'])
  assert.deepEqual(about({ keyId: 'key_1' }), ['all', 'key'])
  assert.deepEqual(about({ keyId: 'cfg_other' }), ['all'])
  assert.deepEqual(about({ modelRouted: 'gpt-4.1', upstream: 'azure' }), ['all', 'gpt', 'azure'])
  assert.deepEqual(about({ modelRouted: 'gpt-5' }), ['all', 'gpt'])
})

test('the status of a limit says where it stands and where it is going', () => {
  const book = knowing(budget('b', [usdPerDay(1000n)]))
  book.book(call(), usd(850n))
  held(book.hold(call(), usd(50n)))
  assert.deepEqual(book.status(startMs), [
    {
      budget: 'b',
      quantity: 'usd',
      window: 'day',
      limit: 1000n,
      spent: 850n,
      held: 50n,
      available: 100n,
      permilleUsed: 850,
      state: 'warning',
      windowStartMs: startMs - 12 * hourMs,
      windowEndMs: startMs + 12 * hourMs,
      forecast: 1700n,
    },
  ])
  const early = startMs + 12 * hourMs
  assert.equal(book.status(early + 72 * minuteMs - 1)[0]?.forecast, null)
  assert.equal(book.status(early + 72 * minuteMs)[0]?.forecast, 0n)
  assert.equal(book.status(early)[0]?.state, 'ok')
})
