import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { checkAmounts } from '#test/support/booked.ts'
import { type Stack, startStack } from '#test/support/stack.ts'

let stack: Stack

before(async () => {
  stack = await startStack({ timing: { ttftMs: 2, tokensPerSecond: 5_000, speed: 1 } })
})
after(() => stack.stop())

const callers = 16
const callsEach = 12

type Headers = Record<string, string>

/** One way to call for each number, streams and whole answers mixed. */
function ways(): readonly ((headers: Headers, prompt: string) => Promise<unknown>)[] {
  const openai = new OpenAI({ apiKey: stack.key, baseURL: `${stack.url}/v1`, maxRetries: 0 })
  const anthropic = new Anthropic({ apiKey: stack.key, baseURL: stack.url, maxRetries: 0 })
  const google = new GoogleGenAI({ apiKey: stack.key, httpOptions: { baseUrl: stack.url } })
  const messages = (content: string) => [{ role: 'user' as const, content }]
  const claude = (content: string) => ({ model: 'claude-haiku-4-5', max_tokens: 64, messages: messages(content) })
  return [
    (headers, text) => openai.chat.completions.create({ model: 'gpt-4.1', messages: messages(text) }, { headers }),
    (headers, text) =>
      openai.chat.completions.stream({ model: 'o4-mini', messages: messages(text) }, { headers }).finalChatCompletion(),
    (headers, text) => openai.responses.stream({ model: 'gpt-5-mini', input: text }, { headers }).finalResponse(),
    (headers, input) => openai.embeddings.create({ model: 'text-embedding-3-small', input }, { headers }),
    (headers, text) => anthropic.messages.create(claude(text), { headers }),
    (headers, text) => anthropic.messages.stream(claude(text), { headers }).finalMessage(),
    (headers, contents) =>
      google.models.generateContent({ model: 'gemini-2.5-flash', contents, config: { httpOptions: { headers } } }),
    async (headers, contents) => {
      const config = { httpOptions: { headers } }
      const stream = await google.models.generateContentStream({ model: 'gemini-2.5-pro', contents, config })
      for await (const chunk of stream) assert.ok(chunk)
    },
  ]
}

test('many callers at once, some of them retried: every record equals its line of the bill', async () => {
  const all = ways()
  const caller = async (number: number) => {
    for (let turn = 0; turn < callsEach; turn++) {
      const id = `c${number}-${turn}`
      const retried = (number + turn) % 3 === 0
      const simulate: Headers = retried ? { 'x-simulate': `status=503 times=1 key=${id}` } : {}
      const headers = { 'x-request-id': id, 'x-simulate-id': id, ...simulate }
      await all[(number + turn) % all.length]?.(headers, `Hello ${id}`)
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, number) => caller(number)))

  const entries = await stack.ledger()
  const lines = Map.groupBy(stack.bill(), (line) => line.requestHint)
  assert.equal(entries.length, callers * callsEach)
  assert.equal(new Set(entries.map((entry) => entry.call.requestId)).size, entries.length)
  for (const entry of entries) {
    const own = lines.get(entry.call.requestId) ?? []
    const last = own.at(-1)
    assert.ok(last !== undefined)
    assert.equal(own.length, entry.attempts.length)
    checkAmounts(entry, own, last)
  }
  const opened = (await stack.journal()).filter((entry) => entry.kind === 'open')
  assert.equal(opened.length, entries.length)
})
