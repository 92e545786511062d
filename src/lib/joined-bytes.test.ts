import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { JoinedBytes } from './joined-bytes.ts'

const sizes = fc.oneof(fc.nat(40), fc.integer({ min: 2_000, max: 2_100 }), fc.integer({ min: 40_000, max: 70_000 }))

test('what comes in pieces is what was sent, and is gone once it was taken', () => {
  const joined = new JoinedBytes()
  let next = 0
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 5, arbitrary: fc.nat(40) }, sizes), { maxLength: 60 }), (sent) => {
      const pieces = sent.map((size) => Buffer.alloc(size, next++))
      const kept = pieces.map((piece) => Buffer.from(piece))
      for (const piece of pieces) joined.add(piece)
      assert.equal(joined.length, Buffer.concat(kept).length)
      assert.ok(joined.take().equals(Buffer.concat(kept)))
      assert.deepEqual(pieces, kept, 'nothing is written into what somebody else gave')
      assert.deepEqual([joined.length, joined.take().length], [0, 0])
    }),
  )
})

/** Memory in use, of V8's heap and beside it. */
function used(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test('pieces of one byte cost no more than twice their bytes', () => {
  for (const count of [200_000, 20]) {
    const all = Array.from({ length: 200_000 / count }, () => new JoinedBytes())
    const before = used()
    for (const joined of all) for (let sent = 0; sent < count; sent += 1) joined.add(Buffer.allocUnsafeSlow(1))
    const each = (used() - before) / all.length
    // Two buffers with the objects around them, and what else the process does meanwhile.
    assert.ok(each < 2 * count + 1_000 + 1_000_000 / all.length, `${each} bytes for ${count}`)
    assert.equal(all[0]?.length, count)
  }
})

test('a piece that stays the only one is not copied', () => {
  const joined = new JoinedBytes()
  const piece = Buffer.from('whole')
  joined.add(piece)
  assert.equal(joined.take(), piece)
})
