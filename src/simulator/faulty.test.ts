import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Directives } from './directives.ts'
import { type Piece, planStream, planWhole } from './faulty.ts'

const events = ['one', 'zwei €', '三'].map((word, i) => ({ text: `data: ${word}\n\n`, outputTokens: i + 1 }))
const textOf = (pieces: readonly Piece[]) =>
  Buffer.concat(pieces.map((piece) => Buffer.from(piece.text as string))).toString()
const all = textOf(events)

test('however finely a body is cut, it stays the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.boolean(), (cut, drips) => {
      const directives: Directives = drips ? { cut, dripMs: 1 } : { cut }
      const stream = planStream(events, directives, 'openai')
      const whole = planWhole(Buffer.from(all), 3, directives)
      assert.equal(textOf(stream.pieces), all)
      assert.equal(textOf(whole.pieces), all)
      assert.deepEqual([stream.broken, whole.broken], [false, false])
      assert.equal(whole.contentLength, Buffer.byteLength(all))
    }),
  )
})

test('what breaks off is marked as broken, with the tokens that were out', () => {
  fc.assert(
    fc.property(fc.nat({ max: 3 }), fc.constantFrom('endAfter', 'halfAt', 'errorAfter', 'resetAfter'), (at, fault) => {
      const plan = planStream(events, { [fault]: at }, 'openai')
      assert.ok(plan.broken)
      assert.equal(plan.pieces.at(-1)?.outputTokens ?? 0, at)
      assert.equal(plan.ending, fault === 'resetAfter' ? 'reset' : 'end')
    }),
  )
})

test('a body without faults is left alone', () => {
  assert.equal(planStream(events, {}, 'google').pieces, events)
})
