import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type ExtendableHold, StreamAllowance } from './allowance.ts'

/** A budget that has so much left for one call. */
class Purse implements ExtendableHold {
  heldPicoUsd: bigint
  readonly #most: bigint
  constructor(held: bigint, most: bigint) {
    this.heldPicoUsd = held
    this.#most = most
  }
  extend(picoUsd: bigint): boolean {
    if (this.heldPicoUsd + picoUsd > this.#most) return false
    this.heldPicoUsd += picoUsd
    return true
  }
  shortOf(picoUsd: bigint): { budget: string } | null {
    return this.heldPicoUsd + picoUsd > this.#most ? { budget: 'purse' } : null
  }
}

const budget = 'nearly'
/** Four characters are a token. */
const countTokens = async (text: string): Promise<number> => Math.ceil(text.length / 4)
const usual = { budget, countTokens }

describe('allowance of a stream', () => {
  it('never lets through what is not held, but for one chunk larger than all before it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 60 }),
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 1, max: 2_000 }),
        (chunks, affordable, mostTokens) => {
          const price = 7n
          const covered = Math.min(64, mostTokens, affordable)
          const hold = new Purse(BigInt(covered) * price, BigInt(affordable) * price)
          const boundPicoUsd = (tokens: number) => BigInt(tokens) * price
          const allowance = new StreamAllowance({ hold, boundPicoUsd, coveredTokens: covered, mostTokens, ...usual })
          let bytes = 0
          let largest = 0
          for (const chunk of chunks) {
            const before = largest
            bytes = Math.min(bytes + chunk, mostTokens)
            largest = Math.max(largest, chunk)
            const covers = allowance.covers(bytes)
            if (BigInt(bytes) * price > hold.heldPicoUsd) assert.ok(chunk > before, 'only a larger chunk may exceed')
            if (!covers) return
            assert.ok(BigInt(bytes) * price <= hold.heldPicoUsd)
          }
        },
      ),
    )
  })

  it('asks the budget once for many chunks, and not for those that are covered', () => {
    const hold = new Purse(64n, 1_000_000n)
    const asked: bigint[] = []
    const counting: ExtendableHold = {
      get heldPicoUsd() {
        return hold.heldPicoUsd
      },
      extend: (picoUsd) => {
        asked.push(picoUsd)
        return hold.extend(picoUsd)
      },
      shortOf: (picoUsd) => hold.shortOf(picoUsd),
    }
    const parts = { hold: counting, boundPicoUsd: BigInt, coveredTokens: 64, mostTokens: 10_000, ...usual }
    const allowance = new StreamAllowance(parts)
    for (let bytes = 10; bytes <= 1_000; bytes += 10) assert.ok(allowance.covers(bytes))
    // 64 were held. One chunk ahead is wanted: 70 and 512 more when 60 have come, and so on.
    assert.deepEqual(asked, [518n, 520n])
  })

  it('goes to the end of an answer that the budget can pay', () => {
    const hold = new Purse(64n, 1_000n)
    const allowance = new StreamAllowance({
      hold,
      boundPicoUsd: BigInt,
      coveredTokens: 64,
      mostTokens: 1_000,
      ...usual,
    })
    for (let bytes = 10; bytes <= 1_000; bytes += 10) assert.ok(allowance.covers(bytes), `${bytes}`)
    assert.equal(hold.heldPicoUsd, 1_000n)
  })

  it('does not end an answer while there is room for one more chunk', () => {
    const hold = new Purse(64n, 500n)
    const allowance = new StreamAllowance({
      hold,
      boundPicoUsd: BigInt,
      coveredTokens: 64,
      mostTokens: 9_000,
      ...usual,
    })
    let bytes = 0
    while (allowance.covers(bytes + 10)) bytes += 10
    assert.equal(bytes, 490)
    assert.equal(allowance.cut.budget, 'purse', 'the budget that was in the way in the end')
  })

  it('goes on for as many tokens as there are, where their bytes are too many', async () => {
    const hold = new Purse(64n, 500n)
    const allowance = new StreamAllowance({
      hold,
      boundPicoUsd: BigInt,
      coveredTokens: 64,
      mostTokens: 9_000,
      ...usual,
    })
    let text = ''
    for (;;) {
      text += 'ten chars '
      if (allowance.covers(text.length)) continue
      if (!allowance.isWorthCounting(text.length)) break
      await allowance.count(text, text.length)
      if (!allowance.covers(text.length)) break
    }
    const tokens = await countTokens(text)
    assert.ok(tokens <= 500 && tokens > 400, `${tokens} of 500 tokens`)
  })
})
