import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import OpenAI, { toFile } from 'openai'
import type { RunningSimulator } from '#compose/simulator/simulator.ts'
import { lastBilled, startSimulator, weatherParameters } from './running.ts'

let simulator: RunningSimulator
let openai: OpenAI

before(async () => {
  simulator = await startSimulator()
  openai = new OpenAI({ apiKey: 'sk-test', baseURL: `${simulator.address}/v1`, maxRetries: 0 })
})
after(() => simulator.close())

const hello = [{ role: 'user' as const, content: 'Hello' }]
const tool = { type: 'function' as const, function: { name: 'get_weather', parameters: weatherParameters } }

test('a chat completion is billed with the counts it reports', async () => {
  const answer = await openai.chat.completions.create({ model: 'gpt-4.1-mini', messages: hello })
  assert.equal(answer.object, 'chat.completion')
  assert.match(answer.choices[0]?.message.content ?? '', /simulated/)
  const billed = await lastBilled(simulator.address)
  assert.equal(billed.id, answer.id)
  assert.equal(billed.counts['inputTokens'], answer.usage?.prompt_tokens)
  assert.equal(billed.counts['outputTokens'], answer.usage?.completion_tokens)
})

test('the same request gets the same text again under another id', async () => {
  const ask = () => openai.chat.completions.create({ model: 'gpt-4o', messages: hello })
  const [first, second] = [await ask(), await ask()]
  assert.equal(first.choices[0]?.message.content, second.choices[0]?.message.content)
  assert.notEqual(first.id, second.id)
})

test('a stream says the same as the whole answer, and its usage only when asked', async () => {
  const model = 'o4-mini'
  const whole = await openai.chat.completions.create({ model, messages: hello })
  const read = async (include_usage: boolean) => {
    const stream = await openai.chat.completions.create({
      ...{ model, messages: hello, stream: true },
      stream_options: { include_usage },
    })
    let text = ''
    let usage: OpenAI.CompletionUsage | null | undefined = null
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    return { text, usage }
  }
  assert.deepEqual(await read(true), { text: whole.choices[0]?.message.content, usage: whole.usage })
  assert.deepEqual(await read(false), { text: whole.choices[0]?.message.content, usage: null })
  assert.ok((whole.usage?.completion_tokens_details?.reasoning_tokens ?? 0) > 0)
})

test('tools are called when the prompt speaks of them, and answered in words after their result', async () => {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is the weather in Hanoi?' }]
  const called = await openai.chat.completions.create({ model: 'gpt-4.1', messages, tools: [tool] })
  const message = called.choices[0]?.message
  const call = message?.tool_calls?.[0]
  assert.equal(called.choices[0]?.finish_reason, 'tool_calls')
  assert.ok(message && call?.type === 'function')
  assert.equal(typeof JSON.parse(call.function.arguments).location, 'string')
  const next = [...messages, message, { role: 'tool' as const, tool_call_id: call.id, content: '31 °C' }]
  const answered = await openai.chat.completions.create({ model: 'gpt-4.1', messages: next, tools: [tool] })
  assert.equal(answered.choices[0]?.finish_reason, 'stop')
})

test('the streaming helper puts tool calls together', async () => {
  const stream = openai.chat.completions.stream({
    ...{ model: 'gpt-4.1', messages: hello, tools: [tool] },
    tool_choice: 'required',
  })
  const final = await stream.finalChatCompletion()
  const call = final.choices[0]?.message.tool_calls?.[0]
  assert.ok(call?.type === 'function')
  assert.deepEqual(Object.keys(JSON.parse(call.function.arguments)), ['location', 'unit'])
})

test('a schema is kept, pictures are taken, several choices are made, a limit ends the text', async () => {
  const answer = await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } },
        ],
      },
    ],
    response_format: { type: 'json_schema', json_schema: { name: 'place', schema: weatherParameters, strict: true } },
    n: 2,
  })
  assert.equal(answer.choices.length, 2)
  assert.deepEqual(Object.keys(JSON.parse(answer.choices[1]?.message.content ?? '')), ['location', 'unit'])
  assert.ok((answer.usage?.prompt_tokens ?? 0) > 85)
  const short = await openai.chat.completions.create({ model: 'gpt-4o', messages: hello, max_completion_tokens: 3 })
  assert.equal(short.choices[0]?.finish_reason, 'length')
  assert.equal(short.usage?.completion_tokens, 3)
})

test('a long prompt is read from the cache the second time', async () => {
  const messages = [{ role: 'user' as const, content: `cache me ${'lorem ipsum '.repeat(600)}` }]
  const cached = async () => {
    const answer = await openai.chat.completions.create({ model: 'gpt-4.1', messages })
    return answer.usage?.prompt_tokens_details?.cached_tokens
  }
  assert.equal(await cached(), 0)
  assert.equal(await cached(), 1792)
})

test('a response is made, streamed, kept, retrieved and deleted', async () => {
  const made = await openai.responses.create({ model: 'gpt-4.1', input: 'Hello' })
  assert.match(made.output_text, /simulated/)
  assert.equal((await openai.responses.retrieve(made.id)).usage?.total_tokens, made.usage?.total_tokens)
  await openai.responses.delete(made.id)
  await assert.rejects(openai.responses.retrieve(made.id), OpenAI.NotFoundError)
  const stream = openai.responses.stream({ model: 'gpt-4.1', input: 'Hello' })
  const final = await stream.finalResponse()
  assert.equal(final.output_text, made.output_text)
  assert.deepEqual(final.usage, made.usage)
})

test('a response calls tools and searches the web', async () => {
  const stream = openai.responses.stream({
    model: 'gpt-5',
    input: 'Search for the weather',
    tools: [
      { type: 'web_search' },
      { type: 'function', name: 'get_weather', parameters: weatherParameters, strict: true },
    ],
  })
  const final = await stream.finalResponse()
  assert.deepEqual(
    final.output.map((item) => item.type),
    ['reasoning', 'web_search_call', 'function_call'],
  )
  assert.equal((await lastBilled(simulator.address)).counts['webSearches'], 1)
})

test('a background response is queued, and cancelled while it runs', async () => {
  const queued = await openai.responses.create({ model: 'gpt-4.1', input: 'Hello', background: true })
  assert.equal(queued.status, 'queued')
  assert.equal(queued.usage ?? null, null)
  assert.equal((await openai.responses.cancel(queued.id)).status, 'cancelled')
})

test('embeddings come as the SDK asks for them', async () => {
  const answer = await openai.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] })
  assert.equal(answer.data.length, 2)
  assert.equal(answer.data[0]?.embedding.length, 1536)
  const length = Math.hypot(...(answer.data[1]?.embedding ?? []))
  assert.ok(Math.abs(length - 1) < 1e-3)
})

test('pictures, speech and transcripts', async () => {
  const image = await openai.images.generate({ model: 'gpt-image-1', prompt: 'a toll gate', quality: 'low' })
  assert.equal(image.usage?.output_tokens, 272)
  const spoken = await openai.audio.speech.create({ model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'Hello there' })
  assert.equal(Buffer.from(await spoken.arrayBuffer()).toString('latin1', 0, 4), 'RIFF')
  const file = await toFile(Buffer.alloc(48_000), 'speech.wav')
  const written = await openai.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file })
  assert.equal(written.usage?.type, 'tokens')
  const timed = await openai.audio.transcriptions.create({ model: 'whisper-1', file })
  assert.deepEqual(timed.usage, { type: 'duration', seconds: 3 })
  assert.equal((await lastBilled(simulator.address)).costUsd, '0.0003')
  const edited = await openai.images.edit({ model: 'gpt-image-1', image: file, prompt: 'greener' })
  assert.equal(edited.usage?.input_tokens_details.image_tokens, 194)
})

test('completions, moderations, models, files and batches', async () => {
  const text = await openai.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'Once', max_tokens: 5 })
  assert.equal(text.usage?.completion_tokens, 5)
  assert.equal((await openai.moderations.create({ input: 'kill' })).results[0]?.flagged, true)
  const names = (await openai.models.list()).data.map((model) => model.id)
  assert.ok(names.includes('gpt-4.1'))
  const file = await openai.files.create({ purpose: 'batch', file: await toFile(Buffer.from('{}\n'), 'in.jsonl') })
  assert.equal(await (await openai.files.content(file.id)).text(), '{}\n')
  const batch = await openai.batches.create({
    ...{ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' },
  })
  assert.equal((await openai.batches.retrieve(batch.id)).input_file_id, file.id)
})

test('errors come as the SDK knows them', async () => {
  const ask = (model: string) => openai.chat.completions.create({ model, messages: hello })
  await assert.rejects(
    ask('gpt-9'),
    (fault) => fault instanceof OpenAI.NotFoundError && fault.code === 'model_not_found',
  )
  const empty = openai.chat.completions.create({ model: 'gpt-4.1', messages: [] })
  await assert.rejects(empty, OpenAI.BadRequestError)
  const refused = openai.withOptions({ apiKey: 'invalid' }).models.list()
  await assert.rejects(refused, OpenAI.AuthenticationError)
})

test('vendors with a compatible endpoint keep their accent', async () => {
  const ask = (path: string, model: string) =>
    openai.withOptions({ baseURL: `${simulator.address}${path}` }).chat.completions.create({ model, messages: hello })
  const gemini = (await ask('/v1beta/openai', 'gemini-2.5-flash')).usage
  assert.ok(gemini && gemini.total_tokens > gemini.prompt_tokens + gemini.completion_tokens)
  const claude = (await ask('/v1', 'claude-haiku-4-5')).usage
  assert.deepEqual(Object.keys(claude ?? {}), ['prompt_tokens', 'completion_tokens', 'total_tokens'])
  const deepseek = (await ask('', 'deepseek-v3.2')).usage
  assert.ok(deepseek && 'prompt_cache_miss_tokens' in deepseek)
})
