import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { systemTimers } from './system.ts'
import { TokenCounter } from './token-counter.ts'

const counter = new TokenCounter(systemTimers)
after(() => counter.close())

const text = 'The quick brown fox jumps over the lazy dog. '.repeat(20)
const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: text }] }))

/** Has each thread die as soon as it is started, until the test is over. */
function killThreads(): void {
  process.on('worker', terminate)
}
function terminate(worker: Worker): void {
  void worker.terminate()
}
beforeEach(() => process.removeListener('worker', terminate))

test('where the tokenizer dies, an estimate is a quarter of the bytes and nothing passes for a count', async () => {
  killThreads()
  assert.equal(await counter.inputTokens(body), Math.ceil(body.length / 4))
  assert.equal(await counter.outputTokens(text), Math.ceil(text.length / 4))
  assert.equal(await counter.countText(text), null)
})

test('it counts again as soon as the tokenizer lives, to the token', async () => {
  // "The" and " quick brown fox jumps over the lazy dog. The" nineteen times: ten tokens a sentence, and the last space.
  assert.equal(await counter.countText(text), 201)
  assert.equal(await counter.countText(''), 0)
})

test('a text of any length is estimated, but only one that can be counted whole is counted', async () => {
  const long = 'word '.repeat(40_000)
  assert.equal(await counter.countText(long), null)
  const estimated = await counter.outputTokens(long)
  assert.ok(estimated > 39_000 && estimated < 42_000, `${estimated}`)
  const half = long.slice(0, 100_000)
  const counted = await counter.countText(half)
  assert.ok(counted !== null && Math.abs(counted - 20_000) < 400, `${counted}`)
})
