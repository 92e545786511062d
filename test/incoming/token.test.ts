import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SignJWT } from 'jose'
import { type Stack, startStack } from '#test/support/stack.ts'
import { errorOf, post } from './sending.ts'

const secret = 'a-secret-of-thirty-two-characters'
let stack: Stack

before(async () => {
  stack = await startStack({ more: `\njwt: {secret: ${secret}, required: true, claims: {sub: user_id}}` })
})
after(() => stack.stop())

const signed = (by: string) =>
  new SignJWT({ sub: 'u-9' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(by))

const bill = JSON.stringify({
  ...{ vendor: 'gpu-cloud', cost_center: 'cc_eng', amount_usd: 1, resource_id: 'res_1' },
  timestamp: new Date(Date.now() - 60_000).toISOString(),
})
const chat = JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello [[simulate: speed=0]]' }] })

test('where a token is required, neither a bill nor a call is taken without a valid one', async () => {
  for (const [path, body] of [
    ['/v1/billing/webhook', bill],
    ['/v1/chat/completions', chat],
  ] as const) {
    const ask = (headers: Record<string, string>) =>
      post(stack.url + path, body, {
        'content-type': 'application/json',
        authorization: `Bearer ${stack.key}`,
        ...headers,
      })
    for (const headers of [{}, { 'x-tollgate-jwt': await signed(`${secret}!`) }]) {
      const [status, code] = errorOf(await ask(headers))
      assert.deepEqual([status, code], [401, 'invalid_jwt'], path)
    }
    assert.equal((await ask({ 'x-tollgate-jwt': await signed(secret) })).status, 200, path)
  }
  const payers = (await stack.ledger())
    .filter(({ outcome }) => outcome === 'served')
    .map(({ call }) => call.payer.userId)
  assert.deepEqual(payers, ['u-9', 'u-9'])
})
