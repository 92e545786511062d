import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchEndpoint } from '#providers/endpoints.ts'
import { readRequest } from '#providers/requests/read-request.ts'
import { readAsk } from './ask.ts'

const match = matchEndpoint('POST', '/v1/chat/completions', {})
assert.ok(match !== null)
const body = Buffer.from(
  JSON.stringify({ model: 'gpt-5', messages: [{ role: 'user', content: 'word '.repeat(100_000) }] }),
)

const running = { closed: false }

test('a request for which there was no room is to be sent again', async () => {
  const exchange = { headers: {}, gone: false }
  const largeRequests = { read: () => assert.fail('there is nothing to read') }
  const fault = { kind: 'fault', code: 'requests_full', message: 'no room' } as const
  const ask = await readAsk({ largeRequests, running }, { exchange, match }, { key: { id: 'k' } }, fault)
  assert.deepEqual(ask, { kind: 'refused', code: 'requests_full', message: 'no room', retryAfterMs: 5_000 })
  const stopped = { largeRequests, running: { closed: true } }
  const told = await readAsk(stopped, { exchange, match }, { key: { id: 'k' } }, fault)
  assert.equal(told.kind === 'refused' ? told.code : told.kind, 'shutting_down')
})

test('a large request goes no further where its caller left while it waited for its turn', async () => {
  for (const leaves of [false, true]) {
    const exchange = { headers: { 'content-type': 'application/json' }, gone: false }
    const largeRequests = {
      async read(request: Parameters<typeof readRequest>[0]) {
        exchange.gone = leaves
        return { reading: readRequest(request), body: request.body }
      },
    }
    const ask = await readAsk({ largeRequests, running }, { exchange, match }, { key: { id: 'k' } }, body)
    assert.equal(ask.kind === 'refused' ? ask.code : ask.kind, leaves ? 'client_left' : 'ask')
  }
})
