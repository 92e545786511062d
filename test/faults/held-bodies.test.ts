import assert from 'node:assert/strict'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { after, before, test } from 'node:test'
import { type Stack, startStack } from '#test/support/stack.ts'
import { until, untilAtRest } from '#test/support/until.ts'

/** Answers when the test says so. */
const asked: { readonly from: string; readonly response: ServerResponse }[] = []
const upstream: Server = createServer((request, response) => {
  request.resume()
  request.on('end', () => asked.push({ from: String(request.headers['x-from']), response }))
})
const answer = JSON.stringify({
  ...{ id: 'c', object: 'chat.completion', model: 'gpt-4.1', choices: [] },
  usage: { prompt_tokens: 7, completion_tokens: 9, total_tokens: 16 },
})
let stack: Stack

before(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const address = upstream.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const keys = ['a', 'b'].map((name) => `  - {name: ${name}, key: tg-key-of-${name}-0123456789abcdef}`).join('\n')
  const more = 'limits: {request_body_bytes: 1048576, held_requests_bytes: 2097152}'
  stack = await startStack({ upstream: `http://127.0.0.1:${port}`, keys, more })
})
after(async () => {
  await stack.stop()
  upstream.closeAllConnections()
  upstream.close()
})

const body = JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'x'.repeat(500_000) }] })

async function call(key: string, signal?: AbortSignal): Promise<number> {
  const response = await fetch(`${stack.url}/v1/chat/completions`, {
    ...{ method: 'POST', body },
    headers: {
      ...{ authorization: `Bearer tg-key-of-${key}-0123456789abcdef`, 'content-type': 'application/json' },
      'x-from': key,
    },
    ...(signal === undefined ? {} : { signal }),
  })
  await response.text()
  return response.status
}

const atUpstream = () => asked.map(({ from }) => from).join('')

function serve(from: string): void {
  const at = asked.findIndex((one) => one.from === from)
  const [one] = asked.splice(at, 1)
  one?.response.setHeader('content-type', 'application/json').end(answer)
}

test('requests of one key wait for room while its calls run, and others find some', async () => {
  const leaves = new AbortController()
  const calls = [call('a'), call('a')]
  await until('its share to be taken', () => asked.length === 2)
  const left = call('a', leaves.signal)
  calls.push(call('a'))
  await untilAtRest('the provider', () => asked.length)
  assert.equal(atUpstream(), 'aa')
  calls.push(call('b'))
  await until('the other key to be served', () => asked.length === 3)
  assert.equal(atUpstream(), 'aab')
  leaves.abort()
  await assert.rejects(left)
  serve('b')
  serve('a')
  await until('the next to have room', () => asked.length === 2)
  serve('a')
  serve('a')
  assert.deepEqual(await Promise.all(calls), [200, 200, 200, 200])
  const records = await until('all to be booked', async () => {
    const ledger = await stack.ledger()
    return ledger.length === 5 ? ledger : null
  })
  assert.deepEqual(records.map(({ statusCode }) => statusCode).toSorted(), [200, 200, 200, 200, 499])
})
