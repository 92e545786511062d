import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { signatureFault, toleranceMs } from './signature.ts'

const nowMs = Date.UTC(2026, 5, 1)
const secret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='

function fault(body: string, headers: Record<string, string>, withSecret = secret): string | null {
  return signatureFault({ source: 'Relay-1', secret: withSecret, headers, body: Buffer.from(body), nowMs })
}

function standard(body: string, atMs: number, withSecret = secret): Record<string, string> {
  const seconds = String(Math.floor(atMs / 1000))
  const key = withSecret.startsWith('whsec_') ? Buffer.from(withSecret.slice(6), 'base64') : withSecret
  const signature = createHmac('sha256', key).update(`msg_1.${seconds}.${body}`).digest('base64')
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` }
}

const plain = (body: string, withSecret = secret): string =>
  `sha256=${createHmac('sha256', withSecret).update(body).digest('hex')}`

test('the vector of a known answer is right', () => {
  // RFC 4231, test case 2.
  const hex = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
  assert.equal(fault('what do ya want for nothing?', { 'x-tollgate-signature': `sha256=${hex}` }, 'Jefe'), null)
  const upper = `sha256=${hex.toUpperCase()}`
  assert.equal(fault('what do ya want for nothing?', { 'x-relay-1-signature': upper }, 'Jefe'), null)
})

test('headers of Standard Webhooks hold within five minutes of the time here, in either direction', () => {
  for (const key of [secret, 'a secret of another form']) {
    for (const offMs of [0, -toleranceMs, toleranceMs]) {
      assert.equal(fault('{}', standard('{}', nowMs + offMs, key), key), null)
    }
    for (const offMs of [-toleranceMs - 1000, toleranceMs + 1000]) {
      assert.match(fault('{}', standard('{}', nowMs + offMs, key), key) ?? '', /five minutes/)
    }
  }
})

test('one of several signatures of a rotation is enough, and none without its id and time', () => {
  const right = standard('{}', nowMs)
  const several = { ...right, 'webhook-signature': `v1,AAAA v1a,BBBB ${right['webhook-signature']}` }
  assert.equal(fault('{}', several), null)
  for (const change of [{ 'webhook-id': 'msg_2' }, { 'webhook-id': '' }, { 'webhook-timestamp': 'now' }]) {
    assert.notEqual(fault('{}', { ...right, ...change }), null)
  }
  const { 'webhook-signature': _, ...unsigned } = right
  assert.notEqual(fault('{}', unsigned), null)
})

test('whatever is changed of body, secret or signature is noticed', () => {
  const text = fc.string({ minLength: 1 })
  fc.assert(
    fc.property(text, text, text, (body, other, key) => {
      const signed = { 'x-tollgate-signature': plain(body, key) }
      assert.equal(fault(body, signed, key), null)
      if (other !== body) assert.notEqual(fault(other, signed, key), null)
      if (other !== key) assert.notEqual(fault(body, signed, `${key}${other}`), null)
      assert.notEqual(fault(body, { 'x-tollgate-signature': other }, key), null)
      assert.notEqual(fault(body, { ...signed, 'x-holysheep-signature': other }, key), null)
    }),
  )
})
