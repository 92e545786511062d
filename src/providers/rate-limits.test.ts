import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRateLimits, tellsLimits } from './rate-limits.ts'

const openai = {
  'x-ratelimit-limit-requests': '5000',
  'x-ratelimit-remaining-requests': '4999',
  'x-ratelimit-limit-tokens': '450000',
  'x-ratelimit-remaining-tokens': '449970',
}
const anthropic = {
  'anthropic-ratelimit-requests-limit': '1000',
  'anthropic-ratelimit-requests-remaining': '999',
  'anthropic-ratelimit-tokens-limit': '96000',
  'anthropic-ratelimit-tokens-remaining': '95000',
}

test('what is left is read of each dialect', () => {
  assert.deepEqual(readRateLimits(openai), {
    requests: { remaining: 4999, limit: 5000 },
    tokens: { remaining: 449_970, limit: 450_000 },
  })
  assert.deepEqual(readRateLimits(anthropic), {
    requests: { remaining: 999, limit: 1000 },
    tokens: { remaining: 95_000, limit: 96_000 },
  })
  assert.deepEqual(readRateLimits({ 'x-ratelimit-remaining-req-minute': '3' }), {
    requests: { remaining: 3, limit: null },
    tokens: null,
  })
})

test('what is no number is not known', () => {
  assert.deepEqual(readRateLimits({ 'x-ratelimit-remaining-requests': '-1', 'x-ratelimit-remaining-tokens': ['1'] }), {
    requests: null,
    tokens: null,
  })
})

test('answers without limits are told by their head', () => {
  assert.equal(tellsLimits(openai), true)
  assert.equal(tellsLimits(anthropic), true)
  assert.equal(tellsLimits({ 'x-ratelimit-remaining-req-minute': '3' }), true)
  assert.equal(tellsLimits({ 'x-ratelimit-remaining-tokens-minute': '3' }), true)
  assert.equal(tellsLimits({ 'content-type': 'application/json' }), false)
})
