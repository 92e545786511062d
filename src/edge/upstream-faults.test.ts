import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UpstreamFaultCode } from '#ports.ts'
import { connectFault, fault } from './upstream-faults.ts'

function failing(code: string): Error {
  return Object.assign(new Error(code), { code })
}

test('what goes wrong while connecting says whether anybody is there', () => {
  const expected: readonly (readonly [code: string, told: UpstreamFaultCode])[] = [
    ['ECONNREFUSED', 'connect_failed'],
    ['ENOTFOUND', 'connect_failed'],
    ['EAI_AGAIN', 'connect_failed'],
    ['ENOENT', 'connect_failed'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'connect_failed'],
    ['CERT_NOT_YET_VALID', 'connect_failed'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'connect_failed'],
    ['ETIMEDOUT', 'connect_timeout'],
    ['ECONNRESET', 'reset'],
    ['EPIPE', 'reset'],
  ]
  for (const [code, told] of expected) assert.equal(connectFault(failing(code)).code, told, code)
  assert.equal(connectFault(new Error('without a code')).code, 'connect_failed')
})

test('of several addresses one that was late makes a timeout', () => {
  const refused = failing('ECONNREFUSED')
  const all = (...errors: Error[]): Error => Object.assign(new AggregateError(errors), { code: 'ECONNREFUSED' })
  assert.equal(connectFault(all(refused, refused)).code, 'connect_failed')
  assert.equal(connectFault(all(refused, failing('ETIMEDOUT'))).code, 'connect_timeout')
})

test('a fault names the error behind it, and where the answer was', () => {
  const cause = failing('ECONNRESET')
  const early = fault('reset', false, { detail: 'ECONNRESET', cause })
  assert.equal(early.message, 'the provider closed the connection before it answered (ECONNRESET)')
  assert.equal(early.cause, cause)
  assert.equal(fault('reset', true).message, 'the provider closed the connection in the middle of its answer')
})
