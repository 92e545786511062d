import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { embed, generateText, jsonSchema, type LanguageModel, stepCountIs, streamText, tool } from 'ai'
import type { RunningSimulator } from '#compose/simulator/simulator.ts'
import { startSimulator, weatherParameters } from './running.ts'

let simulator: RunningSimulator

before(async () => {
  simulator = await startSimulator()
})
after(() => simulator.close())

function languageModels(): Readonly<Record<string, LanguageModel>> {
  const { address } = simulator
  const openai = createOpenAI({ apiKey: 'sk-test', baseURL: `${address}/v1` })
  return {
    'OpenAI chat': openai.chat('gpt-4.1-mini'),
    'OpenAI responses': openai.responses('gpt-4.1'),
    Anthropic: createAnthropic({ apiKey: 'sk-ant', baseURL: `${address}/v1` })('claude-haiku-4-5'),
    Google: createGoogleGenerativeAI({ apiKey: 'AIza', baseURL: `${address}/v1beta` })('gemini-2.5-flash'),
  }
}

const weather = tool({
  description: 'The weather in a place',
  inputSchema: jsonSchema<{ location: string; unit: string }>(weatherParameters),
  execute: ({ location }) => `31 °C in ${location}`,
})

for (const name of ['OpenAI chat', 'OpenAI responses', 'Anthropic', 'Google']) {
  test(`${name}: a text, a stream, a tool with its result`, async () => {
    const model = languageModels()[name]
    assert.ok(model)
    const whole = await generateText({ model, prompt: 'Hello' })
    assert.match(whole.text, /simulated/)
    const stream = streamText({ model, prompt: 'Hello' })
    assert.equal(await stream.text, whole.text)
    assert.equal((await stream.usage).outputTokens, whole.usage.outputTokens)
    const steps = await generateText({
      ...{ model, prompt: 'What is the weather?', tools: { get_weather: weather } },
      stopWhen: stepCountIs(3),
    })
    assert.equal(steps.steps.length, 2)
    assert.match(steps.text, /simulated/)
  })
}

test('embeddings', async () => {
  const openai = createOpenAI({ apiKey: 'sk-test', baseURL: `${simulator.address}/v1` })
  const { embedding, usage } = await embed({ model: openai.embedding('text-embedding-3-small'), value: 'sunny' })
  assert.equal(embedding.length, 1536)
  assert.ok(usage.tokens > 0)
})
