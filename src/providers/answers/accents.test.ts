import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accentOf } from './accents.ts'

test('the accent of a provider follows from its kind, else from its host', () => {
  const cases: readonly (readonly [string, string | null, string])[] = [
    ['openai', 'https://api.openai.com/v1', 'plain'],
    ['google', 'https://generativelanguage.googleapis.com/v1beta', 'google'],
    ['google', null, 'google'],
    ['openai-compatible', 'https://api.x.ai/v1', 'xai'],
    ['openai-compatible', 'https://api.mistral.ai/v1', 'mistral'],
    ['openai-compatible', 'https://api.perplexity.ai', 'perplexity'],
    ['openai-compatible', 'https://ai-gateway.vercel.sh/v1', 'vercel'],
    ['openai-compatible', 'https://x.ai.example.com/v1', 'plain'],
    ['openai-compatible', 'https://notx.ai/v1', 'plain'],
    ['openai-compatible', 'not a url', 'plain'],
    ['openai-compatible', null, 'plain'],
    ['simulated', 'https://api.x.ai/v1', 'simulated'],
    ['simulated', null, 'simulated'],
  ]
  for (const [kind, baseUrl, expected] of cases)
    assert.equal(accentOf({ kind, baseUrl }).name, expected, `${kind} ${baseUrl}`)
})
