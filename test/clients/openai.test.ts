import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import OpenAI, { toFile } from 'openai'
import { weatherParameters } from '#test/simulator/running.ts'
import { booked } from '#test/support/booked.ts'
import { type Stack, startStack } from '#test/support/stack.ts'

let stack: Stack
let openai: OpenAI

before(async () => {
  stack = await startStack()
  openai = new OpenAI({ apiKey: stack.key, baseURL: `${stack.url}/v1` })
})
after(() => stack.stop())

const hello = [{ role: 'user' as const, content: 'Hello' }]
const tool = { type: 'function' as const, function: { name: 'get_weather', parameters: weatherParameters } }
const picture = 'data:image/png;base64,iVBORw0KGgo='
const chat = { endpoint: 'chat.completions' } as const
const streamedChat = { ...chat, stream: true }
const responses = { endpoint: 'responses' } as const

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const events: T[] = []
  for await (const event of stream) events.push(event)
  return events
}

test('a chat completion', async () => {
  const { answer, entry } = await booked(stack, chat, () =>
    openai.chat.completions.create({ model: 'gpt-4.1', messages: hello }),
  )
  assert.match(answer.choices[0]?.message.content ?? '', /simulated/)
  assert.equal(answer._request_id, entry.call.requestId)
  assert.equal(entry.tokens.output, answer.usage?.completion_tokens)
  assert.equal(entry.call.payer.project, 'search')
  assert.deepEqual([entry.call.upstream, entry.call.vendor, entry.call.modelRequested], ['openai', 'openai', 'gpt-4.1'])
})

test('the id that a caller gives stays on its way', async () => {
  const headers = { 'x-request-id': 'order-4711' }
  const { answer } = await booked(stack, { ...chat, requestId: 'order-4711' }, () =>
    openai.chat.completions.create({ model: 'gpt-4.1-nano', messages: hello }, { headers }),
  )
  assert.equal(answer._request_id, 'order-4711')
})

test('a stream without its usage, which the gateway asks for and keeps', async () => {
  const { answer } = await booked(stack, streamedChat, async () =>
    all(await openai.chat.completions.create({ model: 'o4-mini', messages: hello, stream: true })),
  )
  assert.ok(answer.length > 2)
  assert.ok(answer.every((chunk) => (chunk.usage ?? null) === null && chunk.choices.length === 1))
})

test('a stream with its usage, which the caller asked for', async () => {
  const { answer, entry } = await booked(stack, streamedChat, async () =>
    all(
      await openai.chat.completions.create({
        ...{ model: 'o4-mini', messages: hello, stream: true },
        stream_options: { include_usage: true },
      }),
    ),
  )
  assert.deepEqual(answer.at(-1)?.choices, [])
  assert.equal(answer.at(-1)?.usage?.completion_tokens, entry.tokens.output)
  assert.ok(entry.tokens.reasoning > 0)
})

test('the streaming helper', async () => {
  const { answer } = await booked(stack, streamedChat, () =>
    openai.chat.completions
      .stream({ model: 'gpt-4.1', messages: hello, tools: [tool], tool_choice: 'required' })
      .finalChatCompletion(),
  )
  const called = answer.choices[0]?.message.tool_calls?.[0]
  assert.ok(called?.type === 'function')
  assert.deepEqual(Object.keys(JSON.parse(called.function.arguments)), ['location', 'unit'])
})

test('a tool and its result', async () => {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is the weather in Hanoi?' }]
  const called = await booked(stack, chat, () =>
    openai.chat.completions.create({ model: 'gpt-4.1', messages, tools: [tool] }),
  )
  const message = called.answer.choices[0]?.message
  const call = message?.tool_calls?.[0]
  assert.ok(message && call)
  const next = [...messages, message, { role: 'tool' as const, tool_call_id: call.id, content: '31 °C' }]
  const answered = await booked(stack, chat, () =>
    openai.chat.completions.create({ model: 'gpt-4.1', messages: next, tools: [tool] }),
  )
  assert.equal(answered.answer.choices[0]?.finish_reason, 'stop')
})

test('pictures, a schema and several choices', async () => {
  const { answer } = await booked(stack, chat, () =>
    openai.chat.completions.create({
      model: 'gpt-4o',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: picture, detail: 'low' } },
          ],
        },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'place', schema: weatherParameters, strict: true } },
      n: 3,
    }),
  )
  assert.equal(answer.choices.length, 3)
  assert.deepEqual(Object.keys(JSON.parse(answer.choices[2]?.message.content ?? '')), ['location', 'unit'])
})

test('a prompt that is read from the cache the second time', async () => {
  const messages = [{ role: 'user' as const, content: `cache me ${'lorem ipsum '.repeat(600)}` }]
  const ask = () => booked(stack, chat, () => openai.chat.completions.create({ model: 'gpt-4.1', messages }))
  assert.equal((await ask()).entry.tokens.cachedInput, 0)
  const second = (await ask()).entry
  assert.equal(second.tokens.cachedInput, 1792)
  assert.ok(second.cost.cachedInputPicoUsd > 0n)
})

test('the tier that the answer names sets the price', async () => {
  const ask = { model: 'gpt-5', messages: hello } as const
  const cost = async (tier: 'default' | 'flex' | 'priority') => {
    const made = await booked(stack, chat, () => openai.chat.completions.create({ ...ask, service_tier: tier }))
    return made.entry.cost.totalPicoUsd
  }
  const usual = await cost('default')
  assert.deepEqual([await cost('flex'), await cost('priority')], [usual / 2n, usual * 2n])
  for (const model of ['gpt-4o-mini', 'o4-mini']) {
    await booked(stack, chat, () => openai.chat.completions.create({ ...ask, model, service_tier: 'priority' }))
  }
  // Nobody states this one: the standard price is booked, and the record says so.
  const unstated = { ...ask, model: 'gpt-3.5-turbo', service_tier: 'priority', stream: true } as const
  const { entry } = await booked(stack, { ...streamedChat, sameCost: false }, async () =>
    all(await openai.chat.completions.create(unstated)),
  )
  assert.deepEqual(entry.marks, ['tier_not_priced'])
})

test('text completions, whole and streamed', async () => {
  const ask = { model: 'gpt-3.5-turbo-instruct', prompt: 'Once', max_tokens: 7 }
  const whole = await booked(stack, { endpoint: 'completions' }, () => openai.completions.create(ask))
  assert.equal(whole.answer.usage?.completion_tokens, 7)
  const streamed = await booked(stack, { endpoint: 'completions', stream: true }, async () =>
    all(await openai.completions.create({ ...ask, stream: true })),
  )
  assert.equal(streamed.answer.map((chunk) => chunk.choices[0]?.text ?? '').join(''), whole.answer.choices[0]?.text)
  assert.ok(streamed.answer.every((chunk) => (chunk.usage ?? null) === null))
})

test('a response, retrieved, its input listed, and deleted', async () => {
  const made = await booked(stack, responses, () => openai.responses.create({ model: 'gpt-4.1', input: 'Hello' }))
  const { id } = made.answer
  const free = { ...responses, usageSource: 'none' } as const
  const again = await booked(stack, free, () => openai.responses.retrieve(id))
  assert.equal(again.answer.usage?.total_tokens, made.answer.usage?.total_tokens)
  assert.equal(again.entry.cost.totalPicoUsd, 0n)
  await booked(stack, free, () => openai.responses.inputItems.list(id))
  await booked(stack, free, () => openai.responses.delete(id))
  const gone = { ...free, outcome: 'failed', statusCode: 404, errorCode: 'invalid_request_error' } as const
  await booked(stack, gone, () => assert.rejects(openai.responses.retrieve(id), OpenAI.NotFoundError))
})

test('a streamed response with reasoning, a search and a tool', async () => {
  const { answer, entry } = await booked(stack, { ...responses, stream: true }, () =>
    openai.responses
      .stream({
        model: 'gpt-5',
        input: 'Search for the weather',
        tools: [
          { type: 'web_search' },
          { type: 'function', name: 'get_weather', parameters: weatherParameters, strict: true },
        ],
      })
      .finalResponse(),
  )
  assert.deepEqual(
    answer.output.map((item) => item.type),
    ['reasoning', 'web_search_call', 'function_call'],
  )
  assert.equal(entry.units['web_search'], 1)
  assert.ok(entry.tokens.reasoning > 0 && entry.cost.otherPicoUsd === 10_000_000_000n)
})

test('the tokens of a response, counted for nothing', async () => {
  const free = { endpoint: 'countTokens', usageSource: 'none' } as const
  const { answer } = await booked(stack, free, () =>
    openai.responses.inputTokens.count({ model: 'gpt-4.1', input: 'Hello' }),
  )
  assert.ok(answer.input_tokens > 0)
})

test('a conversation, compacted', async () => {
  const { answer, entry } = await booked(stack, { endpoint: 'responses' }, () =>
    openai.responses.compact({ model: 'gpt-5', input: [{ role: 'user', content: 'Hello' }] }),
  )
  assert.deepEqual(
    answer.output.map((item) => item.type),
    [undefined, 'compaction'],
  )
  assert.ok(entry.tokens.output > 0 && entry.tokens.output === answer.usage.output_tokens)
})

test('embeddings', async () => {
  const { answer } = await booked(stack, { endpoint: 'embeddings' }, () =>
    openai.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] }),
  )
  assert.deepEqual(
    answer.data.map((row) => row.embedding.length),
    [1536, 1536],
  )
})

test('pictures made and changed', async () => {
  const images = { endpoint: 'images' } as const
  const made = await booked(stack, images, () =>
    openai.images.generate({ model: 'gpt-image-1', prompt: 'a toll gate', quality: 'low', n: 2 }),
  )
  assert.equal(made.entry.tokens.outputImage, 544)
  const image = await toFile(Buffer.from('not quite a picture'), 'gate.png', { type: 'image/png' })
  const edited = await booked(stack, images, () =>
    openai.images.edit({ model: 'gpt-image-1', image, prompt: 'greener' }),
  )
  assert.equal(edited.entry.tokens.inputImage, 194)
})

test('speech, which reports nothing unless it is streamed', async () => {
  const ask = { model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'Hello there' } as const
  const unknown = { endpoint: 'audio.speech', usageSource: 'none', sameCost: false } as const
  const whole = await booked(stack, unknown, async () =>
    Buffer.from(await (await openai.audio.speech.create(ask)).arrayBuffer()),
  )
  assert.equal(whole.answer.toString('latin1', 0, 4), 'RIFF')
  assert.equal(whole.entry.cost.unpriced, true)
  // Its events count tokens without naming their kind, which the bill does.
  const streamed = await booked(stack, { endpoint: 'audio.speech', sameCost: false }, async () =>
    (await openai.audio.speech.create({ ...ask, stream_format: 'sse' })).text(),
  )
  assert.equal(streamed.entry.tokens.output, streamed.billed?.counts.outputTokens)
  assert.equal(streamed.entry.cost.totalPicoUsd, streamed.billed?.costPicoUsd)
})

test('transcripts and translations', async () => {
  const file = await toFile(Buffer.alloc(48_000), 'speech.wav')
  const transcriptions = { endpoint: 'audio.transcriptions' } as const
  await booked(stack, transcriptions, () => openai.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file }))
  const timed = await booked(stack, transcriptions, () =>
    openai.audio.transcriptions.create({ model: 'whisper-1', file }),
  )
  assert.equal(timed.entry.units['audio_second'], 3)
  assert.equal(timed.entry.cost.totalPicoUsd, 300_000_000n)
  await booked(stack, { ...transcriptions, stream: true }, async () =>
    all(await openai.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file, stream: true })),
  )
  const translated = await booked(stack, { endpoint: 'audio.translations', usageSource: 'none', sameCost: false }, () =>
    openai.audio.translations.create({ model: 'whisper-1', file }),
  )
  assert.ok(translated.answer.text.length > 0)
})

test('moderations are free', async () => {
  const { answer, entry } = await booked(stack, { endpoint: 'moderations', usageSource: 'none' }, () =>
    openai.moderations.create({ input: 'kill' }),
  )
  assert.equal(answer.results[0]?.flagged, true)
  assert.equal(entry.cost.unpriced, false)
})

test('models, files and batches', async () => {
  const models = { endpoint: 'models', usageSource: 'none' } as const
  const listed = await booked(stack, models, () => openai.models.list())
  assert.ok(listed.answer.data.some((model) => model.id === 'gpt-4.1'))
  assert.equal((await booked(stack, models, () => openai.models.retrieve('gpt-4.1'))).answer.id, 'gpt-4.1')

  const files = { endpoint: 'files', usageSource: 'none' } as const
  const line = '{"custom_id":"a"}\n'
  const file = await toFile(Buffer.from(line), 'in.jsonl')
  const uploaded = (await booked(stack, files, () => openai.files.create({ purpose: 'batch', file }))).answer
  const content = await booked(stack, files, async () => (await openai.files.content(uploaded.id)).text())
  assert.equal(content.answer, line)
  await booked(stack, files, () => openai.files.list())

  const batches = { endpoint: 'batches', usageSource: 'none' } as const
  const ask = { input_file_id: uploaded.id, endpoint: '/v1/chat/completions', completion_window: '24h' } as const
  const batch = (await booked(stack, batches, () => openai.batches.create(ask))).answer
  assert.equal(
    (await booked(stack, batches, () => openai.batches.retrieve(batch.id))).answer.input_file_id,
    uploaded.id,
  )
  await booked(stack, files, () => openai.files.delete(uploaded.id))
})

test('Claude, Gemini and DeepSeek models by the chat completions of their own vendors', async () => {
  for (const [model, upstream] of [
    ['claude-haiku-4-5', 'anthropic'],
    ['gemini-2.5-flash', 'google'],
    ['deepseek-chat', 'deepseek'],
  ] as const) {
    const whole = await booked(stack, chat, () => openai.chat.completions.create({ model, messages: hello }))
    assert.equal(whole.entry.call.upstream, upstream)
    const streamed = await booked(stack, streamedChat, async () =>
      all(await openai.chat.completions.create({ model, messages: hello, stream: true })),
    )
    assert.equal(
      streamed.answer.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''),
      whole.answer.choices[0]?.message.content,
    )
  }
})
