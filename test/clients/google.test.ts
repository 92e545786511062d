import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { FunctionCallingConfigMode, GoogleGenAI } from '@google/genai'
import { weatherParameters } from '#test/simulator/running.ts'
import { booked } from '#test/support/booked.ts'
import { type Stack, startStack } from '#test/support/stack.ts'

let stack: Stack
let google: GoogleGenAI

before(async () => {
  stack = await startStack()
  google = new GoogleGenAI({ apiKey: stack.key, httpOptions: { baseUrl: stack.url } })
})
after(() => stack.stop())

const generate = { endpoint: 'generateContent' } as const
const streamed = { ...generate, stream: true }

test('an answer, whose thinking comes on top of the candidates', async () => {
  const { answer, entry } = await booked(stack, generate, () =>
    google.models.generateContent({ model: 'gemini-2.5-flash', contents: 'Hello' }),
  )
  const usage = answer.usageMetadata
  assert.match(answer.text ?? '', /simulated/)
  assert.ok(entry.tokens.reasoning > 0)
  assert.equal(entry.tokens.output, (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0))
  assert.equal(entry.call.upstream, 'google')
})

test('a stream of events', async () => {
  const { answer } = await booked(stack, streamed, async () => {
    let text = ''
    const stream = await google.models.generateContentStream({ model: 'gemini-2.5-pro', contents: 'Hello' })
    for await (const chunk of stream) text += chunk.text ?? ''
    return text
  })
  assert.match(answer, /simulated/)
})

test('a stream as an array, with the key in the query', async () => {
  const url = `${stack.url}/v1beta/models/gemini-2.5-flash:streamGenerateContent?key=${stack.key}`
  const body = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] })
  const { answer } = await booked(stack, streamed, async () =>
    (await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).text(),
  )
  const chunks = JSON.parse(answer) as { usageMetadata: object }[]
  assert.ok(chunks.length > 2 && 'thoughtsTokenCount' in (chunks.at(-1)?.usageMetadata ?? {}))
})

test('functions, a search, a schema', async () => {
  const called = await booked(stack, generate, () =>
    google.models.generateContent({
      model: 'gemini-2.5-flash',
      contents: 'Hello',
      config: {
        tools: [{ functionDeclarations: [{ name: 'get_weather', parametersJsonSchema: weatherParameters }] }],
        toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
      },
    }),
  )
  assert.deepEqual(Object.keys(called.answer.functionCalls?.[0]?.args ?? {}), ['location', 'unit'])
  // Neither the catalog nor the bill knows what a search costs here: that is said, not booked as nothing.
  const searched = await booked(stack, { ...generate, sameCost: false }, () =>
    google.models.generateContent({
      ...{ model: 'gemini-2.5-flash', contents: 'What is new?' },
      config: { tools: [{ googleSearch: {} }] },
    }),
  )
  assert.equal(searched.entry.units['web_search'], 1)
  assert.equal(searched.entry.cost.unpriced, true)
  assert.equal(searched.entry.cost.totalPicoUsd, searched.billed?.costPicoUsd)
  await booked(stack, generate, () =>
    google.models.generateContent({
      ...{ model: 'gemini-2.5-flash-lite', contents: 'Where?' },
      config: { responseMimeType: 'application/json', responseJsonSchema: weatherParameters },
    }),
  )
})

test('pictures in and out are counted by kind', async () => {
  const parts = [{ text: 'Draw this again' }, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }]
  const { entry } = await booked(stack, generate, () =>
    google.models.generateContent({ model: 'gemini-2.5-flash-image', contents: [{ role: 'user', parts }] }),
  )
  assert.deepEqual([entry.tokens.inputImage, entry.tokens.outputImage], [258, 1290])
})

test('embeddings, whose size is estimated because they report none', async () => {
  const estimated = { endpoint: 'embedContent', usageSource: 'estimated', sameCost: false } as const
  const { answer, entry } = await booked(stack, estimated, () =>
    google.models.embedContent({ model: 'gemini-embedding-001', contents: ['one', 'two'] }),
  )
  assert.equal(answer.embeddings?.length, 2)
  assert.ok(entry.tokens.input > 0 && entry.cost.totalPicoUsd > 0n)
})

test('token counts and models', async () => {
  const counted = await booked(stack, { endpoint: 'countTokens', usageSource: 'none' }, () =>
    google.models.countTokens({ model: 'gemini-2.5-flash', contents: 'Hello' }),
  )
  assert.ok((counted.answer.totalTokens ?? 0) > 0)
  const models = { endpoint: 'models', usageSource: 'none' } as const
  const one = await booked(stack, models, () => google.models.get({ model: 'gemini-2.5-pro' }))
  assert.equal(one.answer.name, 'models/gemini-2.5-pro')
  const list = await booked(stack, models, () => google.models.list())
  assert.ok(list.answer.page.some((model) => model.name === 'models/gemini-2.5-pro'))
})
