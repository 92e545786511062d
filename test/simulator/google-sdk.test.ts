import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from '@google/genai'
import type { RunningSimulator } from '#compose/simulator/simulator.ts'
import { lastBilled, startSimulator, weatherParameters } from './running.ts'

let simulator: RunningSimulator
let google: GoogleGenAI

before(async () => {
  simulator = await startSimulator()
  google = new GoogleGenAI({ apiKey: 'AIza-test', httpOptions: { baseUrl: simulator.address } })
})
after(() => simulator.close())

test('an answer reports thinking on top of the candidates', async () => {
  const answer = await google.models.generateContent({ model: 'gemini-2.5-flash', contents: 'Hello' })
  assert.match(answer.text ?? '', /simulated/)
  const usage = answer.usageMetadata
  const { counts } = await lastBilled(simulator.address)
  assert.ok((usage?.thoughtsTokenCount ?? 0) > 0)
  assert.equal(counts['outputTokens'], (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0))
  assert.equal(usage?.totalTokenCount, (counts['inputTokens'] ?? 0) + (counts['outputTokens'] ?? 0))
})

test('a stream says the same as the whole answer, and its last chunk reports the same', async () => {
  const ask = { model: 'gemini-2.5-pro', contents: 'Hello' }
  const whole = await google.models.generateContent(ask)
  let text = ''
  let usage: unknown
  for await (const chunk of await google.models.generateContentStream(ask)) {
    text += chunk.text ?? ''
    usage = chunk.usageMetadata
  }
  assert.equal(text, whole.text)
  assert.deepEqual(usage, whole.usageMetadata)
})

test('without alt=sse a stream is one JSON array', async () => {
  const url = `${simulator.address}/v1beta/models/gemini-2.5-flash:streamGenerateContent?key=any`
  const body = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] })
  const text = await (await fetch(url, { method: 'POST', body })).text()
  const chunks = JSON.parse(text) as { usageMetadata: object }[]
  assert.ok(chunks.length > 2 && text.includes('\r\n'))
  assert.ok('thoughtsTokenCount' in (chunks.at(-1)?.usageMetadata ?? {}))
})

test('functions are called, searches grounded, schemas kept', async () => {
  const called = await google.models.generateContent({
    model: 'gemini-2.5-flash',
    contents: 'Hello',
    config: {
      tools: [{ functionDeclarations: [{ name: 'get_weather', parametersJsonSchema: weatherParameters }] }],
      toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
    },
  })
  assert.deepEqual(Object.keys(called.functionCalls?.[0]?.args ?? {}), ['location', 'unit'])
  const searched = await google.models.generateContent({
    ...{ model: 'gemini-2.5-flash', contents: 'What is new?' },
    config: { tools: [{ googleSearch: {} }] },
  })
  assert.equal(searched.candidates?.[0]?.groundingMetadata?.webSearchQueries?.length, 1)
  assert.equal(searched.usageMetadata?.toolUsePromptTokenCount, 512)
  const shaped = await google.models.generateContent({
    ...{ model: 'gemini-2.5-flash', contents: 'Where?' },
    config: { responseMimeType: 'application/json', responseJsonSchema: weatherParameters },
  })
  assert.deepEqual(Object.keys(JSON.parse(shaped.text ?? '')), ['location', 'unit'])
})

test('pictures in and out are counted by kind', async () => {
  const parts = [{ text: 'Draw this again' }, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }]
  const answer = await google.models.generateContent({
    model: 'gemini-2.5-flash-image',
    contents: [{ role: 'user', parts }],
  })
  assert.equal(answer.usageMetadata?.promptTokensDetails?.find((one) => one.modality === 'IMAGE')?.tokenCount, 258)
  assert.equal(answer.usageMetadata?.candidatesTokensDetails?.[0]?.tokenCount, 1290)
  assert.ok(answer.data)
  assert.equal((await lastBilled(simulator.address)).counts['imageOutputTokens'], 1290)
})

test('embeddings, token counts and models', async () => {
  const embedded = await google.models.embedContent({ model: 'gemini-embedding-001', contents: ['one', 'two'] })
  assert.equal(embedded.embeddings?.length, 2)
  const counted = await google.models.countTokens({ model: 'gemini-2.5-flash', contents: 'Hello' })
  assert.ok((counted.totalTokens ?? 0) > 0)
  assert.equal((await google.models.get({ model: 'gemini-2.5-pro' })).name, 'models/gemini-2.5-pro')
})

test('errors come as the SDK knows them', async () => {
  const unknown = google.models.generateContent({ model: 'gemini-0', contents: 'Hello' })
  await assert.rejects(unknown, (fault) => fault instanceof ApiError && fault.status === 404)
})
