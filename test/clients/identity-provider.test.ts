import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { after, before, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import OpenAI from 'openai'
import { type Stack, startStack } from '#test/support/stack.ts'

const header = 'x-tollgate-jwt'
const { publicKey, privateKey } = await generateKeyPair('ES256')
const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] })
const token = await new SignJWT({ sub: 'u-9' })
  .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
  .setExpirationTime('10m')
  .sign(privateKey)

let provider: Server
/** Whether the identity provider works. */
let up = false
let stack: Stack

before(async () => {
  provider = createServer((_request, response) => {
    if (up) response.end(keySet)
    else response.writeHead(500).end()
  })
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const address = provider.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const more = `\njwt:\n  jwks_url: http://127.0.0.1:${port}/keys\n  claims: {sub: user_id}`
  stack = await startStack({ more, timing: { ttftMs: 1, tokensPerSecond: 400, speed: 1 } })
})
after(async () => {
  await stack.stop()
  provider.close()
})

function ask(maxRetries: number, sent: string): Promise<OpenAI.ChatCompletion> {
  const client = new OpenAI({ apiKey: stack.key, baseURL: `${stack.url}/v1`, maxRetries })
  const messages = [{ role: 'user' as const, content: 'Hello [[simulate: speed=0]]' }]
  return client.chat.completions.create({ model: 'gpt-4.1', messages }, { headers: { [header]: sent } })
}

test('keys that cannot be had are no fault of the caller, who is asked to try again', async () => {
  up = false
  await assert.rejects(ask(0, token), (error: unknown) => {
    assert.ok(error instanceof OpenAI.APIError)
    assert.deepEqual([error.status, error.code], [503, 'jwt_keys_unavailable'])
    assert.equal(error.headers?.get('retry-after'), '5')
    assert.equal(error.headers?.get('x-should-retry'), null)
    assert.match(error.message, /cannot be checked at the moment/)
    return true
  })
  up = true
  const answer = await ask(1, token)
  assert.ok(answer.id)
  assert.equal((await stack.ledger()).at(-1)?.call.payer.userId, 'u-9')
})

test('a token that is wrong is the fault of the caller', async () => {
  await assert.rejects(ask(1, `${token.slice(0, -4)}AAAA`), (error: unknown) => {
    assert.ok(error instanceof OpenAI.APIError)
    assert.deepEqual([error.status, error.code], [401, 'invalid_jwt'])
    assert.equal(error.headers?.get('x-should-retry'), 'false')
    return true
  })
})
