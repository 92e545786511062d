import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyPayer } from '#core/attribution/payer.ts'
import { budget, call, held, knowing, startMs, usd, usdPerDay } from '#test/budget-laws/sample.ts'
import type { BudgetBook } from './book.ts'
import { Hold } from './hold.ts'
import { type Place, Waiters } from './waiters.ts'

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

  add(name: string, amount: bigint, waiting = call()): Place {
    const short = this.#book.shortOf(waiting, usd(amount))
    const attempt = () => {
      const hold = this.#book.hold(waiting, usd(amount))
      if (!(hold instanceof Hold)) return hold.canWait ? hold.inTheWay : null
      this.served.push(name)
      this.holds.push(hold)
      return null
    }
    return this.waiters.wait(waiting, attempt, short?.inTheWay)
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
  const place = queue.add('leaves', 70n)
  queue.add('small', 10n)
  place.leave()
  place.leave()
  place.tryNow()
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
    return tries > 1 ? null : []
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

test('a limit that has room for who waits holds up nobody', () => {
  const book = knowing(
    budget('all', [usdPerDay(1000n)]),
    budget('a', [usdPerDay(10n)], { scope: { ...noScope, payer: { department: ['a'] } } }),
  )
  const first = held(book.hold(ofDepartment('a'), usd(5n)))
  const queue = new Queue(book)
  queue.add('a', 8n, ofDepartment('a'))
  assert.ok(queue.waiters.isBehind(ofDepartment('a')))
  assert.ok(!queue.waiters.isBehind(ofDepartment('b')), 'only the small budget is short')
  queue.add('b', 1000n, ofDepartment('b'))
  assert.ok(queue.waiters.isBehind(ofDepartment('b')))
  first.settle(usd(0n))
  assert.deepEqual(queue.served, ['a'])
})

test('who lines up though it would fit can try out of turn, and holds up nobody itself', () => {
  const book = knowing(budget('b', [usdPerDay(100n)]))
  held(book.hold(call(), usd(90n)))
  const queue = new Queue(book)
  const large = queue.add('large', 80n)
  const small = queue.add('small', 5n)
  queue.add('smaller', 3n)
  large.tryNow()
  assert.deepEqual(queue.served, [])
  small.tryNow()
  small.tryNow()
  assert.deepEqual(queue.served, ['small'])
  large.leave()
  assert.deepEqual(queue.served, ['small', 'smaller'])
  assert.equal(queue.waiters.size, 0)
})

test('whoever waits, leaves or ends: nobody is overtaken in the limit that it waits for, nobody is left behind', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          department: fc.constantFrom('a', 'b', 'c'),
          most: fc.integer({ min: 1, max: 60 }),
          ends: fc.nat(),
        }),
        { minLength: 5, maxLength: 40 },
      ),
      (calls) => {
        const book = knowing(
          budget('all', [usdPerDay(100_000n)]),
          ...['a', 'b'].map((name) =>
            budget(name, [usdPerDay(3000n)], { scope: { ...noScope, payer: { department: [name] } } }),
          ),
        )
        const fillers = ['a', 'b'].map((name) => held(book.hold(ofDepartment(name), usd(2950n))))
        const queue = new Queue(book)
        const came = new Map<string, string[]>([...'abc'].map((name) => [name, []]))
        for (const [index, { department, most }] of calls.entries()) {
          const waiting = ofDepartment(department)
          const name = `${department} ${index}`
          came.get(department)?.push(name)
          const behind = queue.waiters.isBehind(waiting)
          assert.ok(!behind || department !== 'c', 'nobody of c ever waits')
          queue.add(name, BigInt(most), waiting)
          if (!behind) queue.waiters.run()
        }
        for (const { ends } of calls) queue.holds.splice(ends % (queue.holds.length + 1), 1)[0]?.settle(usd(0n))
        for (const filler of fillers) filler.settle(usd(0n))
        assert.equal(queue.waiters.size, 0, 'all fit once nothing is held')
        for (const [department, names] of came) {
          const served = queue.served.filter((name) => name.startsWith(department))
          assert.deepEqual(served, names)
        }
      },
    ),
  )
})
