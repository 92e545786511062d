import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { Anthropic } from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { embed, generateText } from 'ai'
import { OpenAI, toFile } from 'openai'
import { matchEndpoint } from './endpoints.ts'
import { readRequest } from './requests/read-request.ts'

/** What the gateway makes of the requests that a piece of code sends, whatever becomes of their answers. */
async function requestsOf(run: (fetch: typeof globalThis.fetch) => Promise<unknown>): Promise<string[]> {
  const seen: string[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const { pathname, protocol } = new URL(request.url)
    // The openai package tries out whether it was given a real fetch.
    if (protocol === 'data:') return new Response()
    const headers = Object.fromEntries(request.headers)
    const body = Buffer.from(await request.arrayBuffer())
    seen.push(describe(request.method, pathname, headers, body))
    return Response.json({})
  }
  // An answer without content suits no SDK; what it sent is all that matters here.
  await run(fetch).catch((error: unknown) => assert.ok(error instanceof Error))
  return seen
}

function describe(method: string, path: string, headers: Record<string, string>, body: Buffer): string {
  const match = matchEndpoint(method, path, headers)
  if (match === null) return `${method} ${path}?`
  const what = `${match.dialect} ${match.endpoint}`
  if (match.body !== 'json' && match.body !== 'multipart') return what
  const reading = readRequest({ match, contentType: headers['content-type'] ?? '', body })
  if (reading.kind === 'refused') return `${what}: ${reading.message}`
  return `${what} ${reading.facts.model} ${reading.facts.stream ? 'stream' : 'whole'}`
}

/** One request each. */
async function check(
  calls: Readonly<Record<string, (fetch: typeof globalThis.fetch) => Promise<unknown>>>,
): Promise<void> {
  for (const [expected, run] of Object.entries(calls)) assert.deepEqual(await requestsOf(run), [expected])
}

const messages = [{ role: 'user' as const, content: 'Hi' }]
const file = () => toFile(Buffer.from('RIFF'), 'speech.wav')

test('the openai package, base URL ending in /v1', async () => {
  const client = (fetch: typeof globalThis.fetch) =>
    new OpenAI({ apiKey: 'k', baseURL: 'http://gateway/v1', maxRetries: 0, fetch })
  await check({
    'openai chat.completions gpt-4.1 whole': (fetch) =>
      client(fetch).chat.completions.create({ model: 'gpt-4.1', messages }),
    'openai chat.completions gpt-4.1 stream': (fetch) =>
      client(fetch).chat.completions.create({ model: 'gpt-4.1', messages, stream: true }),
    'openai completions davinci-002 whole': (fetch) =>
      client(fetch).completions.create({ model: 'davinci-002', prompt: 'Hi' }),
    'openai responses gpt-5 stream': (fetch) =>
      client(fetch).responses.create({ model: 'gpt-5', input: 'Hi', stream: true }),
    'openai responses': (fetch) => client(fetch).responses.cancel('resp_1'),
    'openai embeddings text-embedding-3-small whole': (fetch) =>
      client(fetch).embeddings.create({ model: 'text-embedding-3-small', input: 'Hi' }),
    'openai images gpt-image-1 whole': (fetch) =>
      client(fetch).images.generate({ model: 'gpt-image-1', prompt: 'a cat' }),
    'openai images dall-e-2 whole': async (fetch) =>
      client(fetch).images.edit({ model: 'dall-e-2', prompt: 'a cat', image: await file() }),
    'openai audio.speech tts-1 whole': (fetch) =>
      client(fetch).audio.speech.create({ model: 'tts-1', input: 'Hi', voice: 'alloy' }),
    'openai audio.transcriptions whisper-1 whole': async (fetch) =>
      client(fetch).audio.transcriptions.create({ model: 'whisper-1', file: await file() }),
    'openai audio.translations whisper-1 whole': async (fetch) =>
      client(fetch).audio.translations.create({ model: 'whisper-1', file: await file() }),
    'openai moderations null whole': (fetch) => client(fetch).moderations.create({ input: 'Hi' }),
    'openai models': (fetch) => client(fetch).models.retrieve('gpt-4.1'),
    'openai files': async (fetch) => client(fetch).files.create({ purpose: 'batch', file: await file() }),
    'openai batches': (fetch) => client(fetch).batches.cancel('batch_1'),
  })
})

test('the Anthropic package, base URL without and with /v1', async () => {
  for (const baseURL of ['http://gateway', 'http://gateway/v1']) {
    const client = (fetch: typeof globalThis.fetch) => new Anthropic({ apiKey: 'k', baseURL, maxRetries: 0, fetch })
    const body = { model: 'claude-opus-4-5', max_tokens: 10, messages }
    await check({
      'anthropic messages claude-opus-4-5 whole': (fetch) => client(fetch).messages.create(body),
      'anthropic messages claude-opus-4-5 stream': (fetch) => client(fetch).messages.create({ ...body, stream: true }),
      'anthropic messages.count_tokens claude-opus-4-5 whole': (fetch) =>
        client(fetch).messages.countTokens({ model: body.model, messages }),
      'anthropic messages.batches': (fetch) => client(fetch).messages.batches.create({ requests: [] }),
      'anthropic models': (fetch) => client(fetch).models.retrieve('claude-opus-4-5'),
    })
  }
})

test('the Google package', async (context) => {
  const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: 'http://gateway' } })
  const body = { model: 'gemini-2.5-flash', contents: 'Hi' }
  const viaGlobal = (run: () => Promise<unknown>) => async (fetch: typeof globalThis.fetch) => {
    context.mock.method(globalThis, 'fetch', fetch)
    await run().finally(() => context.mock.restoreAll())
  }
  await check({
    'google generateContent gemini-2.5-flash whole': viaGlobal(() => client.models.generateContent(body)),
    'google generateContent gemini-2.5-flash stream': viaGlobal(() => client.models.generateContentStream(body)),
    'google embedContent gemini-embedding-001 whole': viaGlobal(() =>
      client.models.embedContent({ model: 'gemini-embedding-001', contents: 'Hi' }),
    ),
    'google countTokens gemini-2.5-flash whole': viaGlobal(() => client.models.countTokens(body)),
    'google models': viaGlobal(() => client.models.get({ model: 'gemini-2.5-flash' })),
  })
})

test('the providers of the ai package', async () => {
  const settings = { apiKey: 'k', maxRetries: 0 }
  await check({
    'openai responses gpt-4.1 whole': (fetch) =>
      generateText({
        model: createOpenAI({ ...settings, baseURL: 'http://gateway/v1', fetch })('gpt-4.1'),
        prompt: 'Hi',
        maxRetries: 0,
      }),
    'openai chat.completions gpt-4.1 whole': (fetch) =>
      generateText({
        model: createOpenAI({ ...settings, baseURL: 'http://gateway/v1', fetch }).chat('gpt-4.1'),
        prompt: 'Hi',
        maxRetries: 0,
      }),
    'openai embeddings text-embedding-3-small whole': (fetch) =>
      embed({
        model: createOpenAI({ ...settings, baseURL: 'http://gateway/v1', fetch }).textEmbeddingModel(
          'text-embedding-3-small',
        ),
        value: 'Hi',
        maxRetries: 0,
      }),
    'anthropic messages claude-opus-4-5 whole': (fetch) =>
      generateText({
        model: createAnthropic({ ...settings, baseURL: 'http://gateway/v1', fetch })('claude-opus-4-5'),
        prompt: 'Hi',
        maxRetries: 0,
      }),
    'google generateContent gemini-2.5-flash whole': (fetch) =>
      generateText({
        model: createGoogleGenerativeAI({ ...settings, baseURL: 'http://gateway/v1beta', fetch })('gemini-2.5-flash'),
        prompt: 'Hi',
        maxRetries: 0,
      }),
    'google embedContent gemini-embedding-001 whole': (fetch) =>
      embed({
        model: createGoogleGenerativeAI({ ...settings, baseURL: 'http://gateway/v1beta', fetch }).textEmbeddingModel(
          'gemini-embedding-001',
        ),
        value: 'Hi',
        maxRetries: 0,
      }),
  })
})
