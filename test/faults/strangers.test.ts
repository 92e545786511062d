import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { relaySource, send } from '#test/incoming/sending.ts'
import { type Stack, startStack } from '#test/support/stack.ts'

let stack: Stack
const open: Socket[] = []

before(async () => {
  stack = await startStack({ more: relaySource })
})
after(async () => {
  for (const socket of open) socket.destroy()
  await stack.stop()
})

/** Says that a body of so many bytes follows, sends one of them, and no more. */
function begin(path: string, bytes: number, ...headers: readonly string[]): Socket {
  const { hostname, port } = new URL(stack.url)
  const socket = connect(Number(port), hostname)
  open.push(socket)
  const lines = [`POST ${path} HTTP/1.1`, 'host: a', 'content-type: application/json', ...headers]
  socket.write(`${lines.join('\r\n')}\r\ncontent-length: ${bytes}\r\n\r\n{`)
  return socket
}

async function statusOf(socket: Socket): Promise<number> {
  const [answer] = await once(socket, 'data')
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(String(answer))?.[1])
}

test('the large body of a call is not waited for before the key is known', async () => {
  assert.equal(await statusOf(begin('/v1/chat/completions', 1_000_000)), 401)
  assert.equal(await statusOf(begin('/v1/chat/completions', 1_000_000, 'x-api-key: tg-unknown')), 401)
})

test('of what is for the console a large body is gathered for who is known there', async () => {
  assert.equal(await statusOf(begin('/api/v1/budgets', 20_000)), 413)
  const url = `${stack.url}/api/v1/budgets`
  const body = ' '.repeat(20_000)
  const known = await fetch(url, { method: 'POST', body, headers: { authorization: `Bearer ${stack.key}` } })
  // There is none here: the body was taken, and handed on.
  assert.equal(known.status, 503)
})

const event = { id: 'evt_1', model: 'gpt-4.1', usage: { output_tokens: 7 }, cost: { total_usd: 0.25 } }
const largeEvent = { ...event, prompt: 'x'.repeat(100_000) }

test('strangers who send large events slowly keep nobody else out', async () => {
  for (let count = 0; count < 200; count++) begin('/webhook/relay', 1_000_000)
  for (const [index, sent] of [event, largeEvent, largeEvent].entries()) {
    assert.equal((await send(stack.url, { ...sent, id: `evt_${index}` })).status, 200)
  }
})

test('of signed events that are not whole so much is held, and the oldest is given up first', async () => {
  const held = Array.from({ length: 65 }, () => begin('/webhook/relay', 1_000_000))
  const answered = held.map(statusOf)
  for (const socket of held) socket.write(Buffer.alloc(999_998, ' '))
  assert.equal(await Promise.race(answered), 429)
  assert.equal((await send(stack.url, { ...largeEvent, id: 'evt_beside' })).status, 200)
})
