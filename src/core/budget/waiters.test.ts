import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyPayer } from '#core/attribution/payer.ts'
import { budget, call, held, knowing, startMs, usd, usdPerDay } from '#test/budget-laws/sample.ts'
import type { BudgetBook } from './book.ts'
import { Hold } from './hold.ts'
import { Waiters } from './waiters.ts'

const noScope = { payer: {}, tags: {}, keys: null, models: null, providers: null }

function ofDepartment(department: string) {
  return call(startMs, { payer: { ...emptyPayer, department } })
}

/** Calls that wait for a hold, and the order in which they got it. */
class Queue {
  readonly served: string[] = []
  readonly holds: Hold[] = []
  readonly waiters: Waiters
  readonly #book: BudgetBook

  constructor(book: BudgetBook) {
    this.#book = book
    this.waiters = new Waiters(book)
  }

  add(name: string, amount: bigint, waiting = call()): () => void {
    return this.waiters.wait(waiting, () => {
      const hold = this.#book.hold(waiting, usd(amount))
      if (!(hold instanceof Hold)) return !hold.canWait
      this.served.push(name)
      this.holds.push(hold)
      return true
    })
  }
}

test('those who wait get what is given back in order of arrival', () => {
  const book = knowing(budget('b', [usdPerDay(100n)]))
  const first = held(book.hold(call(), usd(90n)))
  const queue = new Queue(book)
  queue.add('large', 80n)
  queue.add('small', 5n)
  assert.ok(queue.waiters.isBehind(call()))
  queue.waiters.run()
  assert.deepEqual(queue.served, [], 'small would fit, but large came first')
  first.settle(usd(10n))
  assert.deepEqual(queue.served, ['large', 'small'])
  assert.equal(queue.waiters.size, 0)
  assert.ok(!queue.waiters.isBehind(call()))
})

test('who can no longer be helped stops waiting, and who leaves lets others by', () => {
  const book = knowing(budget('b', [usdPerDay(100n)]))
  const first = held(book.hold(call(), usd(60n)))
  const second = held(book.hold(call(), usd(30n)))
  const queue = new Queue(book)
  const leave = queue.add('leaves', 70n)
  queue.add('small', 10n)
  leave()
  leave()
  assert.deepEqual(queue.served, ['small'])
  queue.add('hopeless', 50n)
  first.settle(usd(60n))
  assert.equal(queue.waiters.size, 0)
  second.release()
  assert.deepEqual(queue.served, ['small'])
})

test('what is given back while somebody is tried is tried for once more', () => {
  const book = knowing(budget('b', [usdPerDay(100n)]))
  const hold = held(book.hold(call(), usd(10n)))
  const waiters = new Waiters(book)
  const others = new Queue(book)
  others.add('all', 100n)
  let tries = 0
  waiters.wait(call(), () => {
    tries += 1
    hold.release()
    return tries > 1
  })
  waiters.run()
  assert.equal(tries, 2)
  assert.deepEqual(others.served, ['all'])
})

test('calls that share no limit do not wait for each other', () => {
  const book = knowing(
    budget('a', [usdPerDay(10n)], { scope: { ...noScope, payer: { department: ['a'] } } }),
    budget('b', [usdPerDay(10n)], { scope: { ...noScope, payer: { department: ['b'] } } }),
  )
  held(book.hold(ofDepartment('a'), usd(10n)))
  const ofB = held(book.hold(ofDepartment('b'), usd(10n)))
  const queue = new Queue(book)
  queue.add('a', 1n, ofDepartment('a'))
  queue.add('b', 1n, ofDepartment('b'))
  ofB.release()
  assert.deepEqual(queue.served, ['b'])
})

test('a raised limit and a closed gap let those who wait by', () => {
  const book = knowing(budget('b', [usdPerDay(10n)]))
  held(book.hold(call(), usd(10n)))
  const queue = new Queue(book)
  queue.add('one', 5n)
  book.reconfigure([budget('b', [usdPerDay(15n)])])
  assert.deepEqual(queue.served, ['one'])
  book.reconfigure([budget('c', [usdPerDay(20n)])])
  queue.add('two', 5n)
  book.fold(book.pending(), startMs).adopt()
  assert.deepEqual(queue.served, ['one', 'two'])
})

test('500 calls on a budget that affords 37 of them: 37 are served, however they wait and end', () => {
  const book = knowing(budget('b', [usdPerDay(370n)]))
  const queue = new Queue(book)
  let refused = 0
  for (let i = 0; i < 500; i++) {
    const arriving = call()
    const hold = book.hold(arriving, usd(10n + BigInt(i % 7)))
    if (hold instanceof Hold) queue.holds.push(hold)
    else if (hold.canWait) queue.add(`${i}`, 10n)
    else refused += 1
  }
  let served = 0
  for (let hold = queue.holds.shift(); hold !== undefined; hold = queue.holds.shift()) {
    hold.settle(usd(10n))
    served += 1
  }
  assert.equal(served, 37)
  assert.equal(refused, 0)
  assert.equal(queue.waiters.size, 0)
  assert.deepEqual([book.status(startMs)[0]?.spent, book.openHolds], [370n, 0])
})
