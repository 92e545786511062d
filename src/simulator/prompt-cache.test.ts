import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openaiPrefixes, PromptCache } from './prompt-cache.ts'

const long = 'x'.repeat(4 * 1500)

test('a prefix is read in whole steps, by the same asker, until it expires', () => {
  const cache = new PromptCache()
  const read = (scope: string, text: string, nowMs: number) => cache.readPrefix(scope, text, openaiPrefixes, nowMs)
  assert.equal(read('a', long, 0), 0)
  assert.equal(read('a', long, 1), 11 * 128)
  assert.equal(read('b', long, 1), 0)
  assert.equal(read('a', `${long.slice(0, 4 * 1200)}${'y'.repeat(1200)}`, 2), 9 * 128)
  assert.equal(read('a', `y${long}`, 2), 0)
  assert.equal(read('a', long, 700_000), 0)
})

test('short prompts are not cached', () => {
  const cache = new PromptCache()
  for (const nowMs of [0, 1]) assert.equal(cache.readPrefix('a', 'short', openaiPrefixes, nowMs), 0)
})
