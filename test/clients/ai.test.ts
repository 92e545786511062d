import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { embed, generateText, jsonSchema, type LanguageModel, stepCountIs, streamText, tool, transcribe } from 'ai'
import { weatherParameters } from '#test/simulator/running.ts'
import { booked, checkAmounts } from '#test/support/booked.ts'
import { type Stack, startStack } from '#test/support/stack.ts'

let stack: Stack

before(async () => {
  stack = await startStack()
})
after(() => stack.stop())

function openai() {
  return createOpenAI({ apiKey: stack.key, baseURL: `${stack.url}/v1` })
}

const models = {
  'chat.completions': () => openai().chat('gpt-4.1-mini'),
  responses: () => openai().responses('gpt-4.1'),
  messages: () => createAnthropic({ apiKey: stack.key, baseURL: `${stack.url}/v1` })('claude-haiku-4-5'),
  generateContent: () =>
    createGoogleGenerativeAI({ apiKey: stack.key, baseURL: `${stack.url}/v1beta` })('gemini-2.5-flash'),
} as const satisfies Record<string, () => LanguageModel>

const weather = tool({
  description: 'The weather in a place',
  inputSchema: jsonSchema<{ location: string; unit: string }>(weatherParameters),
  execute: ({ location }) => `31 °C in ${location}`,
})

for (const endpoint of ['chat.completions', 'responses', 'messages', 'generateContent'] as const) {
  test(`${endpoint}: a text, a stream, a tool with its result`, async () => {
    const model = models[endpoint]()
    const whole = await booked(stack, { endpoint }, () => generateText({ model, prompt: 'Hello' }))
    assert.equal(whole.answer.usage.outputTokens, whole.entry.tokens.output)
    const streamed = await booked(stack, { endpoint, stream: true }, async () => {
      const { text, usage } = streamText({ model, prompt: 'Hello' })
      return { text: await text, usage: await usage }
    })
    assert.equal(streamed.answer.text, whole.answer.text)
    assert.equal(streamed.answer.usage.outputTokens, streamed.entry.tokens.output)

    const before = (await stack.ledger()).length
    const billedBefore = stack.bill().length
    const tools = { get_weather: weather }
    const steps = await generateText({ model, prompt: 'What is the weather?', tools, stopWhen: stepCountIs(3) })
    assert.equal(steps.steps.length, 2)
    const entries = (await stack.ledger()).slice(before)
    const lines = stack.bill().slice(billedBefore)
    assert.deepEqual([entries.length, lines.length], [2, 2])
    for (const [index, entry] of entries.entries()) {
      const line = lines[index]
      if (line !== undefined) checkAmounts(entry, [line], line)
    }
  })
}

test('embeddings', async () => {
  const model = openai().embedding('text-embedding-3-small')
  const { answer, entry } = await booked(stack, { endpoint: 'embeddings' }, () => embed({ model, value: 'sunny' }))
  assert.equal(answer.embedding.length, 1536)
  assert.equal(answer.usage.tokens, entry.tokens.input)
})

test('a transcript with its segments', async () => {
  const model = openai().transcription('whisper-1')
  const { answer } = await booked(stack, { endpoint: 'audio.transcriptions' }, () =>
    transcribe({ model, audio: Buffer.alloc(48_000) }),
  )
  assert.equal(answer.segments.length, 1)
})
