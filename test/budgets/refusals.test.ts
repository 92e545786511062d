import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { ApiError, GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { type Stack, startStack } from '#test/support/stack.ts'
import { checkStack } from './state.ts'

const short = 'budgets:\n  - {name: team, limits: [{window: day, usd: "0.0000001"}]}'
const few = 'budgets:\n  - {name: few, limits: [{window: day, requests: 1}]}'
const messages = [{ role: 'user' as const, content: 'Hello' }]

/** How often an SDK asked: it decides by the answer whether to try again. */
async function withStack(more: string, run: (stack: Stack) => Promise<void>, refused: number): Promise<void> {
  const stack = await startStack({ more })
  try {
    await run(stack)
    assert.equal((await stack.ledger()).filter(({ outcome }) => outcome === 'refused').length, refused)
    await checkStack(stack)
  } finally {
    await stack.stop()
  }
}

const openaiFor = (stack: Stack) => new OpenAI({ apiKey: stack.key, baseURL: `${stack.url}/v1`, maxRetries: 2 })
const anthropicFor = (stack: Stack) => new Anthropic({ apiKey: stack.key, baseURL: stack.url, maxRetries: 2 })
const googleFor = (stack: Stack) => new GoogleGenAI({ apiKey: stack.key, httpOptions: { baseUrl: stack.url } })

for (const status of [402, 429]) {
  const more = `${short}\nbudgets_refusal_status: ${status}`

  test(`${status}: OpenAI's SDK raises once, and does not try again`, async () => {
    await withStack(
      more,
      async (stack) => {
        const call = openaiFor(stack).chat.completions.create({ model: 'gpt-4.1', messages })
        const error = await call.catch((raised: unknown) => raised)
        assert.ok(error instanceof OpenAI.APIError)
        assert.deepEqual([error.status, error.code], [status, 'budget_exceeded'])
        assert.match(error.message, /"team" for this day .*limit 0\.0000001, spent 0\.00, held .* 0\.00 USD/)
        assert.equal(error.headers?.get('x-should-retry'), 'false')
        const streamed = openaiFor(stack).responses.create({ model: 'gpt-4.1', input: 'Hello', stream: true })
        await assert.rejects(streamed, (raised) => raised instanceof OpenAI.APIError && raised.status === status)
      },
      2,
    )
  })

  test(`${status}: Anthropic's SDK raises once, and does not try again`, async () => {
    await withStack(
      more,
      async (stack) => {
        const ask = { model: 'claude-haiku-4-5', max_tokens: 100, messages }
        const error = await anthropicFor(stack)
          .messages.create(ask)
          .catch((raised: unknown) => raised)
        assert.ok(error instanceof Anthropic.APIError)
        assert.equal(error.status, status)
        const body = error.error as { type: string; error: { type: string; code: string; message: string } }
        assert.equal(body.type, 'error')
        assert.deepEqual(
          [body.error.type, body.error.code],
          [status === 402 ? 'billing_error' : 'rate_limit_error', 'budget_exceeded'],
        )
      },
      1,
    )
  })

  test(`${status}: Gemini's SDK raises once, with a status of its own API`, async () => {
    await withStack(
      more,
      async (stack) => {
        const error = await googleFor(stack)
          .models.generateContent({ model: 'gemini-2.5-flash', contents: 'Hello' })
          .catch((raised: unknown) => raised)
        assert.ok(error instanceof ApiError)
        assert.equal(error.status, status)
        const { error: said } = JSON.parse(error.message)
        assert.deepEqual(
          [said.code, said.status, said.details[0].reason],
          [status, 'RESOURCE_EXHAUSTED', 'BUDGET_EXCEEDED'],
        )
      },
      1,
    )
  })
}

test('too many requests are an error of the kind that each SDK has for it', async () => {
  await withStack(
    few,
    async (stack) => {
      const options = { maxRetries: 0 }
      await openaiFor(stack).chat.completions.create({ model: 'gpt-4.1', messages })
      const chat = openaiFor(stack).chat.completions.create({ model: 'gpt-4.1', messages }, options)
      await assert.rejects(chat, OpenAI.RateLimitError)
      const message = anthropicFor(stack).messages.create(
        { model: 'claude-haiku-4-5', max_tokens: 9, messages },
        options,
      )
      await assert.rejects(message, Anthropic.RateLimitError)
      const content = googleFor(stack).models.generateContent({ model: 'gemini-2.5-flash', contents: 'Hello' })
      await assert.rejects(content, (error) => error instanceof ApiError && error.status === 429)
    },
    3,
  )
})
