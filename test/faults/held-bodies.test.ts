import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { type Stack, startStack } from '#test/support/stack.ts'
import { until, untilAtRest } from '#test/support/until.ts'

/** So many answers have left the provider. */
let sent = 0
const embedding = { object: 'embedding', index: 0, embedding: 'A'.repeat(8_000_000) }
const largeAnswer = JSON.stringify({
  ...{ object: 'list', model: 'text-embedding-3-small', data: [embedding] },
  usage: { prompt_tokens: 7, total_tokens: 7 },
})

function sendLarge(response: ServerResponse): void {
  response.setHeader('content-type', 'application/json').end(largeAnswer, () => {
    sent += 1
  })
}

/** Answers when the test says so. */
const asked: { readonly from: string; readonly response: ServerResponse }[] = []
const upstream: Server = createServer((request, response) => {
  request.resume()
  if (request.url?.endsWith('/embeddings') === true) return sendLarge(response)
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
  const more = 'limits: {request_body_bytes: 1048576, held_requests_bytes: 2097152, held_answers_bytes: 67108864}'
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

/** Asks for a large answer. Nothing of it is read until somebody listens to its data. */
function askForLarge(key: string): Socket {
  const body = JSON.stringify({ model: 'text-embedding-3-small', input: 'x' })
  const socket = connect(Number(new URL(stack.url).port), '127.0.0.1')
  socket.write(
    `POST /v1/embeddings HTTP/1.1\r\nhost: x\r\nauthorization: Bearer tg-key-of-${key}-0123456789abcdef\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
  return socket
}

async function bytesOf(socket: Socket): Promise<number> {
  let bytes = 0
  for await (const data of socket) bytes += data.length
  return bytes
}

test('answers that their callers do not take fill so much, stop their providers, and keep room for others', async () => {
  const idle = Array.from({ length: 16 }, () => askForLarge('a'))
  await until('an answer to have come', () => sent > 0)
  await untilAtRest('the providers', () => sent)
  assert.ok(sent < idle.length, `${sent} of ${idle.length} answers were taken although nobody reads them`)
  assert.ok((await bytesOf(askForLarge('b'))) > largeAnswer.length, 'another key has some room left')
  for (const bytes of await Promise.all(idle.map(bytesOf))) assert.ok(bytes > largeAnswer.length)
})

/** Announces so much of a request, and sends half of it. */
function sendHalf(bytes: number): Socket {
  const socket = connect(Number(new URL(stack.url).port), '127.0.0.1')
  socket.write(
    'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer tg-key-of-a-0123456789abcdef\r\n' +
      `content-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n${'x'.repeat(bytes / 2)}`,
  )
  return socket
}

test('who waits for room when the gateway stops is told so', async () => {
  const holds = sendHalf(1_048_576)
  holds.on('error', () => {})
  await untilAtRest('who has all the room', () => holds.bytesWritten - holds.writableLength)
  const waits = sendHalf(800_000)
  await untilAtRest('who waits', () => waits.bytesWritten - waits.writableLength)
  const stopped = stack.stopGateway()
  const [answer] = await once(waits, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 503 .*shutting_down/s)
  await stopped
})
