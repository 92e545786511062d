import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { matchEndpoint } from '#providers/endpoints.ts'
import { type RequestToRead, readRequest } from '#providers/requests/read-request.ts'
import { LargeRequests } from './large-requests.ts'
import { systemTimers } from './system.ts'

const large = new LargeRequests(systemTimers)
after(() => large.close())

const match = matchEndpoint('POST', '/v1/chat/completions', {})
assert.ok(match !== null)

function requestOf(body: Buffer): RequestToRead {
  assert.ok(match !== null)
  return { match, contentType: 'application/json', body }
}

function conversation(messages: number, said = 'hello'): Buffer {
  const metadata = { department: 'research', ['__proto__']: 'a name like any other', list: [null, 1.5, 'ü'] }
  const turn = { role: 'user', content: [{ type: 'text', text: said }] }
  return Buffer.from(JSON.stringify({ model: 'gpt-5', stream: true, metadata, messages: Array(messages).fill(turn) }))
}

test('a request is read as on the spot, and its body comes back unchanged', async () => {
  for (const body of [conversation(5_000), conversation(1), Buffer.from('{"model":'), Buffer.from([0xff, 0x22])]) {
    const copy = Buffer.from(body)
    const { reading, body: back } = await large.read(requestOf(body), 'a')
    assert.deepEqual(reading, readRequest(requestOf(copy)))
    assert.ok(back.equals(copy))
  }
})

test('a body that shares its memory with others leaves them theirs', async () => {
  const slab = Buffer.concat([Buffer.from('before'), conversation(100), Buffer.from('behind')])
  const { reading, body } = await large.read(requestOf(slab.subarray(6, -6)), 'a')
  assert.equal(reading.kind, 'read')
  assert.ok(body.equals(conversation(100)))
  assert.deepEqual([slab.toString('latin1', 0, 6), slab.toString('latin1', slab.length - 6)], ['before', 'behind'])
})

test('each of many gets its own answer', async () => {
  const bodies = Array.from({ length: 20 }, (_, index) => conversation(index * 50, `said ${index}`))
  const read = await Promise.all(bodies.map((body) => large.read(requestOf(Buffer.from(body)), 'a')))
  read.forEach(({ reading, body }, index) => {
    const own = bodies[index]
    assert.ok(own !== undefined && body.equals(own))
    assert.deepEqual(reading, readRequest(requestOf(own)))
  })
})

test('the road goes on while a body is read that takes long', async () => {
  const body = conversation(200_000)
  let turns = 0
  const turn = (): void => {
    turns += 1
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  const { reading } = await large.read(requestOf(body), 'a')
  clearImmediate(next)
  assert.equal(reading.kind, 'read')
  // On the spot there would be none: nothing turns while JSON is parsed.
  assert.ok(turns > 20, `${turns}`)
})

test('whoever has sent much keeps nobody else waiting for all of it', async () => {
  const own = new LargeRequests(systemTimers)
  const read: string[] = []
  const asked = [...'aaaaab'].map(async (from) => {
    await own.read(requestOf(conversation(1_000)), from)
    read.push(from)
  })
  await Promise.all(asked)
  assert.equal(read.join(''), 'aabaaa')
  await own.close()
})

test('where the thread dies one request fails, and those that wait are read by a new one', async () => {
  const own = new LargeRequests(systemTimers)
  const kill = (worker: Worker): void => void worker.terminate()
  process.once('worker', kill)
  const asked = Array.from({ length: 5 }, () => own.read(requestOf(conversation(10)), 'a'))
  const [first, ...others] = await Promise.allSettled(asked)
  assert.match(String(first?.status === 'rejected' && first.reason), /thread ended/)
  for (const other of others) assert.equal(other.status === 'fulfilled' && other.value.reading.kind, 'read')
  await own.close()
})

test('what waits when the threads are closed is given back', async () => {
  const own = new LargeRequests(systemTimers)
  const asked = Array.from({ length: 3 }, () => own.read(requestOf(conversation(10)), 'a'))
  const ended = Promise.allSettled(asked)
  await own.close()
  assert.deepEqual(
    (await ended).map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  await assert.rejects(own.read(requestOf(conversation(10)), 'a'), /closed/)
})
