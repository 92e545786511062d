import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamFault } from '#ports.ts'
import { reportedUsage } from './count-usage.ts'
import { noReading } from './delivery.ts'
import type { EndedCall } from './end-call.ts'

/** An answer of which nothing could be read before its connection broke off. */
function broken(status: number): EndedCall {
  return {
    open: { arrival: { match: { metered: true } }, call: { endpoint: 'responses' }, ask: { facts: {} } },
    answer: { status },
    attempts: [],
    delivery: { reading: noReading, fault: new UpstreamFault('reset', 'the connection broke off') },
  } as unknown as EndedCall
}

test('only an answer that is one has used anything, also where it broke off', () => {
  assert.equal(reportedUsage(broken(200)), null, 'to be estimated')
  for (const status of [300, 304, 307, 399, 400, 500]) {
    assert.deepEqual(reportedUsage(broken(status)), { usage: null, source: 'none' }, `${status}`)
  }
})
