import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { EventBodies, type Gathered } from './event-bodies.ts'

const mostBytes = 100

function begin(bodies: EventBodies): { readonly stream: PassThrough; readonly gathered: Promise<Gathered> } {
  const stream = new PassThrough()
  return { stream, gathered: bodies.gather({ bodyStream: () => stream }, mostBytes) }
}

/** Once it has been read. */
const sent = (stream: PassThrough, text: string): Promise<void> =>
  new Promise((resolve) => stream.write(text, () => setImmediate(resolve)))

test('a body is what came of it, whatever comes beside it', async () => {
  const bodies = new EventBodies(1_000)
  const [one, two] = [begin(bodies), begin(bodies)]
  await sent(one.stream, 'ab')
  await sent(two.stream, '12')
  one.stream.end('c')
  two.stream.end('3')
  assert.deepEqual([String(await one.gathered), String(await two.gathered)], ['abc', '123'])
})

test('one that is too large, or breaks off, is none', async () => {
  const bodies = new EventBodies(1_000)
  const [large, broken, closed] = [begin(bodies), begin(bodies), begin(bodies)]
  await sent(large.stream, 'x'.repeat(60))
  await sent(large.stream, 'x'.repeat(41))
  broken.stream.destroy(new Error('on purpose'))
  closed.stream.destroy()
  assert.deepEqual(await Promise.all([large.gathered, broken.gathered, closed.gathered]), [
    'too_large',
    'client_gone',
    'client_gone',
  ])
})

test('where too much is held, the ones that began first are given up, and what they held is free again', async () => {
  const bodies = new EventBodies(150)
  const [first, second, third] = [begin(bodies), begin(bodies), begin(bodies)]
  await sent(second.stream, 'x'.repeat(70))
  await sent(first.stream, 'x'.repeat(70))
  await sent(third.stream, 'x'.repeat(70))
  assert.equal(await first.gathered, 'given_up')
  // What comes of it all the same is not held.
  await sent(first.stream, 'x'.repeat(70))
  await sent(third.stream, 'y'.repeat(10))
  for (const { stream } of [second, third]) stream.end()
  assert.deepEqual(String(await second.gathered), 'x'.repeat(70))
  assert.deepEqual(String(await third.gathered), `${'x'.repeat(70)}${'y'.repeat(10)}`)

  const many = Array.from({ length: 10 }, () => begin(bodies))
  for (const { stream } of many) await sent(stream, 'x'.repeat(100))
  for (const { stream } of many) stream.end()
  const ends = (await Promise.all(many.map(({ gathered }) => gathered))).map((end) => Buffer.isBuffer(end))
  assert.deepEqual(ends, [...Array(9).fill(false), true])
})
