import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { formatUsd } from '#core/money/usd-text.ts'
import { type Asked, httpBytes, type OddAnswers, startOddAnswers } from './odd-answers.ts'

let odd: OddAnswers

before(async () => {
  odd = await startOddAnswers([
    ['anthropic', 'claude-*'],
    ['google', 'gemini-*'],
    ['openai-compatible', '*'],
  ])
})
after(() => odd.stop())

interface Wanted {
  readonly usd: string
  readonly marks?: readonly string[]
  readonly units?: Readonly<Record<string, number>>
  readonly head?: readonly string[]
}

/** What a vendor answers, and what the ledger has of it. */
async function books(asked: Asked, answer: object, { usd, marks = [], units = {}, head = [] }: Wanted): Promise<void> {
  const headers = ['content-type: application/json', ...head]
  const { entry } = await odd.book(asked, httpBytes(JSON.stringify(answer), headers))
  assert.deepEqual([formatUsd(entry.cost.totalPicoUsd), entry.marks], [usd.padEnd(14, '0'), marks])
  assert.deepEqual({ ...entry.units }, units)
  assert.equal(entry.cost.unpriced, marks.includes('unpriced'))
}

const text = 'Hello there'
const chat = (model: string, usage: object, message: object = {}) => ({
  ...{ id: 'c-1', object: 'chat.completion', model, usage },
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text, ...message } }],
})
const asksChat = (model: string, more: object = {}): Asked => ({
  path: '/v1/chat/completions',
  body: { model, messages: [{ role: 'user', content: 'Hi' }], ...more },
})
const counted = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 }

const gemini = (usageMetadata: object, more: object = {}) => ({
  modelVersion: 'gemini-2.5-flash',
  candidates: [{ content: { parts: [{ text }] }, finishReason: 'STOP' }],
  usageMetadata,
  ...more,
})
const asksGemini = (more: object = {}, model = 'gemini-2.5-flash'): Asked => ({
  path: `/v1beta/models/${model}:generateContent`,
  body: { contents: [{ parts: [{ text: 'Hi' }] }], ...more },
})
const geminiCounted = { promptTokenCount: 1000, candidatesTokenCount: 100, totalTokenCount: 1100 }

test('Gemini tells the tier in the head of its answer: flex costs half', async () => {
  const head = ['x-gemini-service-tier: flex']
  await books(asksGemini({ serviceTier: 'flex' }), gemini(geminiCounted), { usd: '0.000275', head })
  const dear = { usd: '0.00055', head: ['x-gemini-service-tier: priority'], marks: ['tier_not_priced'] }
  await books(asksGemini({ serviceTier: 'priority' }), gemini(geminiCounted), dear)
  // Asked for, and not given.
  const standard = ['x-gemini-service-tier: standard']
  await books(asksGemini({ serviceTier: 'priority' }), gemini(geminiCounted), { usd: '0.00055', head: standard })
})

test('a tier or a place that was asked for, and that no answer names, is marked', async () => {
  const marks = ['tier_not_named']
  await books(asksGemini({ serviceTier: 'flex' }), gemini(geminiCounted), { usd: '0.00055', marks })
  await books(asksChat('gpt-4.1', { service_tier: 'flex' }), chat('gpt-4.1', counted), { usd: '0.0028', marks })
  await books(asksChat('gpt-4.1', { service_tier: 'auto' }), chat('gpt-4.1', counted), { usd: '0.0028' })
  const named = { ...chat('gpt-4.1', counted), service_tier: 'default' }
  await books(asksChat('gpt-4.1', { service_tier: 'flex' }), named, { usd: '0.0028' })
})
