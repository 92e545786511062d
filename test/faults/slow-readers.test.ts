import assert from 'node:assert/strict'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { after, afterEach, beforeEach, test } from 'node:test'
import { type Stack, startStack } from '#test/support/stack.ts'
import { until, untilAtRest } from '#test/support/until.ts'
import { recordOf, usualBody } from './asking.ts'

const chunk = `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: 'x'.repeat(16_000) } }] })}\n\n`
const chunks = 2_000
const end = `data: ${JSON.stringify({ id: 'c', choices: [], usage: { prompt_tokens: 7, completion_tokens: 9, total_tokens: 16 } })}\n\ndata: [DONE]\n\n`

/** Streams 32 MB, as fast as it is let: more than the buffers of all sockets on the way hold. */
let written = 0
const upstream: Server = createServer((request, response) => {
  request.resume()
  written = 0
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const writeOn = (out: ServerResponse): void => {
    while (written < chunks) {
      written++
      if (!out.write(chunk)) {
        out.once('drain', () => writeOn(out))
        return
      }
    }
    out.end(end)
  }
  writeOn(response)
})
let stack: Stack | null = null

beforeEach(() => new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve)))
afterEach(async () => {
  await stack?.stop()
  upstream.closeAllConnections()
  await new Promise((resolve) => upstream.close(resolve))
})
after(() => upstream.closeAllConnections())

async function start(limits: string): Promise<Stack> {
  const address = upstream.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  stack = await startStack({ upstream: `http://127.0.0.1:${port}`, more: `limits: {${limits}}` })
  return stack
}

/** Asks for the stream. Until somebody listens to its data, nothing of it is read. */
function askFor({ url, key }: Stack, id: string): Socket {
  const body = JSON.stringify({ ...usualBody, stream: true })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nx-request-id: ${id}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
  return socket
}

test('a caller who does not read stops the provider, not the memory of the gateway', async () => {
  const patient = await start('write_timeout_ms: 60000')
  const socket = askFor(patient, 'slow')
  await until('the provider to answer', () => written > 0)
  await untilAtRest('the provider', () => written)
  assert.ok(written < chunks, `${written} of ${chunks} chunks were taken although nobody read them`)
  let bytes = 0
  socket.on('data', (data) => {
    bytes += data.length
  })
  await new Promise((resolve) => socket.once('close', resolve))
  assert.ok(bytes > chunks * chunk.length, 'all of it comes once somebody reads')
  assert.equal((await recordOf(patient, 'slow')).outcome, 'served')
})

test('a caller who neither reads nor leaves counts as one who left', async () => {
  const impatient = await start('write_timeout_ms: 100, read_after_disconnect_bytes: 67108864')
  const socket = askFor(impatient, 'stuck')
  const entry = await recordOf(impatient, 'stuck')
  assert.ok(entry.marks.includes('client_left'))
  assert.deepEqual([entry.outcome, entry.usageSource], ['served', 'provider'], 'it was read on for its usage')
  assert.deepEqual([entry.tokens.input, entry.tokens.output], [7, 9])
  let text = ''
  socket.on('data', (data) => {
    text += String(data)
  })
  await new Promise((resolve) => socket.once('close', resolve).once('error', resolve))
  assert.ok(!text.includes('[DONE]'), 'its connection was closed')
})

test('a caller who reads slowly is given all the time it needs', async () => {
  const impatient = await start('write_timeout_ms: 3000')
  const socket = askFor(impatient, 'steady')
  let bytes = 0
  let breath = 0
  socket.on('data', (data) => {
    bytes += data.length
    breath += data.length
    // A twelfth of the stream at a time: the pace of a slow reader, which nothing waits for.
    if (breath < (chunks * chunk.length) / 12) return
    breath = 0
    socket.pause()
    setTimeout(() => socket.resume(), 400)
  })
  await new Promise((resolve) => socket.once('close', resolve))
  assert.ok(bytes > chunks * chunk.length, `${bytes} bytes came`)
  const entry = await recordOf(impatient, 'steady')
  assert.deepEqual([entry.outcome, entry.marks], ['served', []])
})
