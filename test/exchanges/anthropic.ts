import { type Exchange, typedEvents } from './exchange.ts'

const model = 'claude-sonnet-4-5-20250929'
const start = (usage: unknown) => ({
  type: 'message_start',
  message: { id: 'msg_1', type: 'message', model, content: [], usage },
})
const text = (piece: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } })
const thought = (piece: string) => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'thinking_delta', thinking: piece },
})
const delta = (usage: unknown) => ({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage })
const stop = { type: 'message_stop' }
const message = (usage: unknown) =>
  JSON.stringify({ id: 'msg_1', type: 'message', model, content: [{ type: 'text', text: 'Hello.' }], usage })

export const anthropicExchanges: readonly Exchange[] = [
  {
    points: [1],
    name: 'cache reads and writes are added to the input',
    api: 'messages',
    stream: false,
    body: message({
      input_tokens: 3,
      cache_read_input_tokens: 1000,
      cache_creation_input_tokens: 400,
      cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 100 },
      output_tokens: 20,
    }),
    expected: {
      model,
      outputText: 'Hello.',
      usage: {
        inputTokens: 1403,
        cachedInputTokens: 1000,
        cacheWriteTokens: 400,
        cacheWrite5mTokens: 300,
        cacheWrite1hTokens: 100,
        outputTokens: 20,
      },
    },
  },
  {
    points: [2],
    name: 'a compaction and an answer by another model are summed',
    api: 'messages',
    stream: false,
    body: message({
      input_tokens: 50,
      cache_read_input_tokens: 0,
      output_tokens: 5,
      iterations: [
        { type: 'compaction', input_tokens: 9000, cache_read_input_tokens: 500, output_tokens: 200 },
        { type: 'advisor_message', model: 'claude-opus-4-8', input_tokens: 700, output_tokens: 30 },
        { type: 'message', input_tokens: 50, output_tokens: 5 },
      ],
    }),
    expected: {
      model,
      usage: {
        inputTokens: 10250,
        cachedInputTokens: 500,
        outputTokens: 235,
        topLevel: { inputTokens: 50, cachedInputTokens: 0, outputTokens: 5 },
        iterations: [
          { type: 'compaction', model, inputTokens: 9500, cachedInputTokens: 500, outputTokens: 200 },
          { type: 'advisor_message', model: 'claude-opus-4-8', inputTokens: 700, outputTokens: 30 },
          { type: 'message', model, inputTokens: 50, outputTokens: 5 },
        ],
      },
    },
  },
  {
    points: [2],
    name: 'a single iteration repeats the plain fields',
    api: 'messages',
    stream: true,
    body: typedEvents(
      start({ input_tokens: 50, output_tokens: 1 }),
      text('Hi'),
      delta({
        input_tokens: 50,
        output_tokens: 5,
        iterations: [{ type: 'message', input_tokens: 50, output_tokens: 5 }],
      }),
      stop,
    ),
    expected: { model, usage: { inputTokens: 50, outputTokens: 5 }, outputText: 'Hi' },
  },
  {
    points: [2],
    name: 'a compaction alone, which the plain fields do not count',
    api: 'messages',
    stream: false,
    body: message({
      input_tokens: 0,
      output_tokens: 0,
      iterations: [{ type: 'compaction', input_tokens: 9000, output_tokens: 200 }],
    }),
    expected: {
      model,
      usage: {
        inputTokens: 9000,
        outputTokens: 200,
        topLevel: { inputTokens: 0, outputTokens: 0 },
        iterations: [{ type: 'compaction', model, inputTokens: 9000, outputTokens: 200 }],
      },
    },
  },
  {
    points: [3],
    name: 'the last report of a stream is far from the first',
    api: 'messages',
    stream: true,
    body: typedEvents(
      start({ input_tokens: 2479, cache_read_input_tokens: 10, output_tokens: 8 }),
      { type: 'ping' },
      text('One '),
      text('two'),
      delta({ input_tokens: 404500, cache_read_input_tokens: 0, output_tokens: 900 }),
      stop,
    ),
    expected: {
      model,
      usage: { inputTokens: 404500, cachedInputTokens: 0, outputTokens: 900 },
      outputText: 'One two',
    },
  },
  {
    points: [3],
    name: 'an old stream ends with the output alone, a null takes nothing back',
    api: 'messages',
    stream: true,
    body: typedEvents(
      start({ input_tokens: 11, cache_creation_input_tokens: 0, cache_read_input_tokens: 1031, output_tokens: 1 }),
      text('Hi'),
      delta({ output_tokens: 100, input_tokens: null }),
      stop,
    ),
    expected: {
      model,
      usage: { inputTokens: 1042, cachedInputTokens: 1031, cacheWriteTokens: 0, outputTokens: 100 },
    },
  },
  {
    points: [4],
    name: 'the split stands in message_start only, and the total outgrows it',
    api: 'messages',
    stream: true,
    body: typedEvents(
      start({
        input_tokens: 5,
        cache_creation_input_tokens: 100,
        cache_creation: { ephemeral_5m_input_tokens: 60, ephemeral_1h_input_tokens: 40 },
        output_tokens: 1,
      }),
      delta({ input_tokens: 5, cache_creation_input_tokens: 300, output_tokens: 7 }),
      stop,
    ),
    expected: {
      model,
      usage: {
        inputTokens: 305,
        cacheWriteTokens: 300,
        cacheWrite5mTokens: 260,
        cacheWrite1hTokens: 40,
        outputTokens: 7,
      },
    },
  },
  {
    points: [4],
    name: 'what is written after a split of one hour only lives one hour too',
    api: 'messages',
    stream: true,
    body: typedEvents(
      start({
        input_tokens: 5,
        cache_creation_input_tokens: 100,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 100 },
        output_tokens: 1,
      }),
      delta({ cache_creation_input_tokens: 300, output_tokens: 7 }),
      stop,
    ),
    expected: {
      model,
      usage: {
        inputTokens: 305,
        cacheWriteTokens: 300,
        cacheWrite5mTokens: 0,
        cacheWrite1hTokens: 300,
        outputTokens: 7,
      },
    },
  },
  {
    points: [5],
    name: 'overloaded in the middle: the input is known, the output is not',
    api: 'messages',
    stream: true,
    body: typedEvents(start({ input_tokens: 424, output_tokens: 5 }), thought('Let me'), {
      type: 'error',
      error: { type: 'overloaded_error', message: 'Overloaded' },
    } as { type: string }),
    expected: {
      model,
      usage: { inputTokens: 424 },
      error: { code: 'overloaded_error', message: 'Overloaded', type: 'overloaded_error' },
      outputText: 'Let me',
      complete: false,
    },
  },
  {
    points: [18, 19],
    name: 'searches, fetches, tier, place and speed',
    api: 'messages',
    stream: false,
    body: message({
      input_tokens: 100,
      output_tokens: 9,
      output_tokens_details: { thinking_tokens: 4 },
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
      service_tier: 'batch',
      inference_geo: 'us',
      speed: 'fast',
    }),
    expected: {
      model,
      serviceTier: 'batch',
      usage: {
        inputTokens: 100,
        outputTokens: 9,
        reasoningTokens: 4,
        webSearchRequests: 2,
        webFetchRequests: 1,
        serviceTier: 'batch',
        inferenceGeo: 'us',
        speed: 'fast',
      },
    },
  },
  {
    points: [20],
    name: 'counting tokens is free',
    api: 'messages.count_tokens',
    stream: false,
    body: '{"input_tokens":43}',
    expected: { model: null, usage: null },
  },
]
