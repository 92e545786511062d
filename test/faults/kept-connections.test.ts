import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { httpAnswer } from '#test/support/raw-upstream.ts'
import { startStack } from '#test/support/stack.ts'
import { ask, recordOf } from './asking.ts'

const answer = httpAnswer('{"id":"x","object":"chat.completion","model":"gpt-4.1-mini","choices":[]}')

test('where a kept connection turns out to be closed, the next attempt goes over a new one', async () => {
  // Keeps every connection, and closes it upon the second request; the first ones are answered together.
  const waiting: Socket[] = []
  const used = new WeakSet<Socket>()
  let together = 4
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (piece) => {
      if (!piece.includes('POST ')) return
      if (used.has(socket)) {
        socket.destroy()
        return
      }
      used.add(socket)
      waiting.push(socket)
      if (waiting.length < together) return
      together = 1
      for (const asked of waiting.splice(0)) asked.write(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const providers = `  - {name: openai, kind: openai, base_url: "http://127.0.0.1:${address.port}", api_key: sk-upstream, retries: {max: 1, base_ms: 1}}`
  const stack = await startStack({ providers })
  try {
    const first = Array.from({ length: together }, () => ask(stack).response)
    for (const response of await Promise.all(first)) assert.equal(response.status, 200)
    const { id, response } = ask(stack)
    assert.equal((await response).status, 200)
    const { attempts } = await recordOf(stack, id)
    assert.deepEqual(
      attempts.map(({ errorCode }) => errorCode),
      ['reset', ''],
    )
  } finally {
    await stack.stop()
    server.close()
  }
})
