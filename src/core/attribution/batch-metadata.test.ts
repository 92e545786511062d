import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readBatchMetadata } from './batch-metadata.ts'
import { readAttributionMetadata } from './metadata.ts'
import type { Said } from './said.ts'

function said(whole: unknown, ...requests: readonly unknown[]): Said | null {
  const reading = readBatchMetadata(whole, requests)
  return reading.kind === 'said' ? reading.said : assert.fail(reading.message)
}

test('a batch says what its requests say alike, and those that say nothing go along', () => {
  assert.equal(said(null), null)
  assert.equal(said(null, { mine: 1 }, null, 'text'), null)
  assert.deepEqual(said({ department: 'a' }), { department: 'a' })
  assert.deepEqual(said(null, { department: 'a', user_id: 'u' }, { other: 1 }, { department: ' a ' }), {
    department: 'a',
    userId: 'u',
  })
  assert.deepEqual(said({ project: 'p' }, { department: 'a' }), { project: 'p', department: 'a' })
})

test('requests for different owners are no batch of one payer', () => {
  for (const field of ['department', 'project', 'cost_center']) {
    const reading = readBatchMetadata(null, [{ [field]: 'a' }, { [field]: 'b' }])
    assert.equal(reading.kind, 'invalid_attribution')
    assert.equal(readBatchMetadata({ [field]: 'a' }, [{ [field]: 'b' }]).kind, 'invalid_attribution')
  }
})

test('what describes a single request may differ, and is then said of none', () => {
  const one = { department: 'a', user_id: 'u-1', session_id: 's', tags: { team: 'x', run: '1' }, audit_timestamp: '1' }
  const two = { department: 'a', user_id: 'u-2', session_id: 's', tags: { team: 'x', run: '2' }, audit_timestamp: '2' }
  assert.deepEqual(said(null, one, two), { department: 'a', sessionId: 's', tags: { team: 'x' } })
  assert.equal(said(null, { user_id: 'u-1', tags: 'a' }, { user_id: 'u-2', tags: 'b' }), null)
})

test('one bad value refuses the batch, wherever it stands', () => {
  assert.equal(readBatchMetadata(null, [{ department: 'a' }, { user_id: 'a\nb' }]).kind, 'invalid_attribution')
  assert.equal(readBatchMetadata({ department: {} }, []).kind, 'invalid_attribution')
})

test('a batch of equals says what each of them says', () => {
  const value = fc.constantFrom('', 'a', 'b', 7)
  const metadata = fc.record(
    { department: value, user_id: value, tags: fc.dictionary(fc.constantFrom('x', 'y'), value), mine: value },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(metadata, fc.integer({ min: 1, max: 5 }), (one, count) => {
      const alone = readAttributionMetadata(one)
      assert.deepEqual(readBatchMetadata(null, Array(count).fill(one)), alone)
      assert.deepEqual(readBatchMetadata(one, []), alone)
    }),
  )
})
