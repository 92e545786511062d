import assert from 'node:assert/strict'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { type Stack, type StackOptions, startStack } from '#test/support/stack.ts'

export const wishes = 'input=20 tokens=100'
export const messages = [{ role: 'user', content: 'What is the capital of France?' }]

/** A stack of its own for one test. */
export async function withStack(more: string, run: (stack: Stack) => Promise<void>, options: StackOptions = {}) {
  const stack = await startStack({ ...options, more })
  try {
    await run(stack)
  } finally {
    await stack.stop()
  }
}

/** One budget for the day, about all calls. */
export function team(usd: string, rest = ''): string {
  return `budgets:\n  - {name: team, limits: [{window: day, usd: "${usd}"}]${rest}}`
}

/** The one record that there is. */
export async function only(stack: Stack): Promise<SettleEntry> {
  const [entry, ...others] = await stack.ledger()
  assert.ok(entry !== undefined && others.length === 0)
  return entry
}

/** A call of each API that names no output limit of its own, or a large one. */
export const kinds = [
  {
    path: '/v1/chat/completions',
    body: { model: 'gpt-4.1', messages },
    limit: ['max_completion_tokens'],
    usd: '0.004',
  },
  {
    path: '/v1/chat/completions',
    body: { model: 'gpt-4.1', messages, max_tokens: 9000 },
    limit: ['max_tokens'],
    usd: '0.004',
  },
  {
    path: '/v1/responses',
    body: { model: 'gpt-4.1', input: 'What is it?' },
    limit: ['max_output_tokens'],
    usd: '0.004',
  },
  {
    path: '/v1/messages',
    body: { model: 'claude-sonnet-4-5', max_tokens: 9000, messages },
    limit: ['max_tokens'],
    usd: '0.008',
  },
  {
    path: '/v1beta/models/gemini-2.0-flash:generateContent',
    body: { contents: [{ role: 'user', parts: [{ text: 'What is it?' }] }], generationConfig: { temperature: 0 } },
    limit: ['generationConfig', 'maxOutputTokens'],
    usd: '0.0002',
  },
] as const
