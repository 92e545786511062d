import { type Exchange, events } from './exchange.ts'

const model = 'gpt-4.1-2025-04-14'
const delta = (content: string, more: object = {}) => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  model,
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
  ...more,
})
const finish = (more: object = {}) => ({
  id: 'c1',
  model,
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
  ...more,
})
const last = (usage: unknown) => ({ id: 'c1', model, choices: [], usage })
const done = '[DONE]'
const completion = (usage: unknown, more: object = {}) =>
  JSON.stringify({
    id: 'c1',
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
    usage,
    ...more,
  })
const plain = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 }
const plainRead = { inputTokens: 10, outputTokens: 4, totalTokens: 14 }

export const openaiExchanges: readonly Exchange[] = [
  {
    points: [6],
    name: 'cached and written tokens are part of the prompt',
    api: 'chat.completions',
    stream: false,
    body: completion({
      prompt_tokens: 4020,
      completion_tokens: 4,
      total_tokens: 4024,
      prompt_tokens_details: { cached_tokens: 1000, cache_write_tokens: 3000 },
      completion_tokens_details: { reasoning_tokens: 2 },
    }),
    expected: {
      model,
      outputText: 'Hi',
      usage: {
        inputTokens: 4020,
        cachedInputTokens: 1000,
        cacheWriteTokens: 3000,
        outputTokens: 4,
        reasoningTokens: 2,
        totalTokens: 4024,
      },
    },
  },
  {
    points: [1, 6],
    name: "DeepSeek's cache hits are part of the prompt",
    api: 'chat.completions',
    stream: false,
    body: completion({ ...plain, prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 4 }),
    expected: { model, usage: { ...plainRead, cachedInputTokens: 6 } },
  },
  {
    points: [7],
    name: 'usage that grows in every chunk',
    api: 'chat.completions',
    stream: true,
    body: events(
      delta('a', { usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 } }),
      delta('b', { usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 } }),
      finish({ usage: plain }),
      done,
    ),
    expected: { model, usage: plainRead, outputText: 'ab' },
  },
  {
    points: [7, 9],
    name: 'the same usage three times over',
    api: 'chat.completions',
    stream: true,
    body: events(delta('a'), finish({ usage: plain, x_groq: { id: 'r', usage: plain } }), last(plain), done),
    expected: { model, usage: plainRead },
  },
  {
    points: [8],
    name: 'empty choices at the start, and usage with a choice and a chunk after it',
    api: 'chat.completions',
    stream: true,
    body: events(
      { id: '', model: '', choices: [], prompt_filter_results: [] },
      delta('a'),
      finish(),
      { ...delta(''), usage: plain },
      delta(''),
      done,
    ),
    expected: { model, usage: plainRead, outputText: 'a' },
  },
  {
    points: [9],
    name: 'usage in x_groq only, with a breakdown that repeats it',
    api: 'chat.completions',
    stream: true,
    body: events(
      delta('a'),
      finish({
        x_groq: {
          usage: plain,
          usage_breakdown: {
            models: [
              { model: 'a', usage: plain },
              { model: 'b', usage: plain },
            ],
          },
        },
      }),
      done,
    ),
    expected: { model, usage: plainRead },
  },
  {
    points: [11],
    name: 'an error event without usage',
    api: 'chat.completions',
    stream: true,
    body: `${events(delta('a'))}event: error\n${events({ error: { message: 'Bad call', type: 'invalid_request_error', code: 'tool_use_failed' } })}`,
    expected: {
      model,
      usage: null,
      error: { code: 'tool_use_failed', message: 'Bad call', type: 'invalid_request_error' },
      outputText: 'a',
      complete: false,
    },
  },
  {
    points: [11, 13],
    name: 'an error with usage in which reasoning exceeds the output',
    api: 'chat.completions',
    stream: true,
    body: events(
      delta('a'),
      {
        ...delta(''),
        error: { code: 400, message: 'Token limit reached' },
        usage: { ...plain, completion_tokens_details: { reasoning_tokens: 5 } },
      },
      done,
    ),
    expected: {
      model,
      usage: { ...plainRead, reasoningTokens: 5 },
      error: { code: '400', message: 'Token limit reached', statusCode: 400 },
      complete: false,
    },
    marks: ['reasoning_over_output'],
  },
  {
    points: [12],
    name: 'xAI: reasoning beside the completion, as the total says',
    api: 'chat.completions',
    accent: 'xai',
    stream: false,
    body: completion({
      prompt_tokens: 10,
      completion_tokens: 4,
      total_tokens: 114,
      completion_tokens_details: { reasoning_tokens: 100 },
    }),
    expected: { model, usage: { inputTokens: 10, outputTokens: 104, reasoningTokens: 100, totalTokens: 114 } },
  },
  {
    points: [12],
    name: 'xAI: reasoning inside the completion, as the total says',
    api: 'chat.completions',
    accent: 'xai',
    stream: false,
    body: completion({
      prompt_tokens: 10,
      completion_tokens: 104,
      total_tokens: 114,
      completion_tokens_details: { reasoning_tokens: 100 },
    }),
    expected: { model, usage: { inputTokens: 10, outputTokens: 104, reasoningTokens: 100, totalTokens: 114 } },
  },
  {
    points: [12],
    name: 'a gateway in front of Gemini leaves reasoning out of completion and total',
    api: 'chat.completions',
    accent: 'vercel',
    stream: false,
    body: completion(
      {
        prompt_tokens: 57,
        completion_tokens: 18,
        total_tokens: 75,
        completion_tokens_details: { reasoning_tokens: 95 },
      },
      { model: 'google/gemini-3-pro' },
    ),
    expected: {
      model: 'google/gemini-3-pro',
      usage: { inputTokens: 57, outputTokens: 113, reasoningTokens: 95, totalTokens: 75 },
    },
  },
  {
    points: [12, 16],
    name: 'the simulated provider leaves thinking to the total, for Gemini',
    api: 'chat.completions',
    accent: 'simulated',
    stream: false,
    body: completion({ prompt_tokens: 10, completion_tokens: 4, total_tokens: 114 }, { model: 'gemini-2.5-flash' }),
    expected: {
      model: 'gemini-2.5-flash',
      usage: { inputTokens: 10, outputTokens: 104, reasoningTokens: 100, totalTokens: 114 },
    },
  },
  {
    points: [12],
    name: '… and for nobody else',
    api: 'chat.completions',
    accent: 'simulated',
    stream: false,
    body: completion({ prompt_tokens: 10, completion_tokens: 4, total_tokens: 114 }),
    expected: { model, usage: { inputTokens: 10, outputTokens: 4, totalTokens: 114 } },
    marks: ['total_over_counts'],
  },
  {
    points: [12],
    name: 'Mistral: audio beside the prompt, as the total says',
    api: 'chat.completions',
    accent: 'mistral',
    stream: false,
    body: completion({
      prompt_tokens: 9,
      completion_tokens: 201,
      total_tokens: 585,
      prompt_tokens_details: { audio_tokens: 375 },
    }),
    expected: { model, usage: { inputTokens: 384, audioInputTokens: 375, outputTokens: 201, totalTokens: 585 } },
  },
  {
    points: [13],
    name: 'more cached than prompted',
    api: 'chat.completions',
    stream: false,
    body: completion({ ...plain, prompt_tokens_details: { cached_tokens: 163 } }),
    expected: { model, usage: { ...plainRead, cachedInputTokens: 163 } },
    marks: ['cached_over_input'],
  },
  {
    points: [19],
    name: 'the tier of the answer, in the last chunk only',
    api: 'chat.completions',
    stream: true,
    body: events(delta('a'), finish(), { ...last(plain), service_tier: 'priority' }, done),
    expected: { model, serviceTier: 'priority', usage: { ...plainRead, serviceTier: 'priority' } },
  },
  {
    points: [20],
    name: 'a stream without usage',
    api: 'chat.completions',
    stream: true,
    body: events(delta('Hello'), delta(' there'), finish(), done),
    expected: { model, usage: null, outputText: 'Hello there' },
  },
  {
    points: [20],
    name: 'a stream that breaks off inside an event',
    api: 'chat.completions',
    stream: true,
    body: events(delta('Hello'), finish(), last(plain)).slice(0, -20),
    expected: { model, usage: null, outputText: 'Hello', complete: false },
  },
  {
    points: [20],
    name: 'embeddings: everything is input',
    api: 'embeddings',
    stream: false,
    body: '{"object":"list","model":"text-embedding-3-small","data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":8,"total_tokens":8}}',
    expected: { model: 'text-embedding-3-small', usage: { inputTokens: 8, outputTokens: 0, totalTokens: 8 } },
  },
]
