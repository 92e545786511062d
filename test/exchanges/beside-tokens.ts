import { type Exchange, events, typedEvents } from './exchange.ts'

const model = 'gpt-5.2'
const response = (usage: unknown, more: object = {}) => ({
  id: 'resp_1',
  object: 'response',
  model,
  status: 'completed',
  output: [],
  usage,
  ...more,
})
const usage = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 5 },
  output_tokens: 9,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 29,
}
const read = { inputTokens: 20, cachedInputTokens: 5, outputTokens: 9, reasoningTokens: 4, totalTokens: 29 }
const search = { type: 'web_search_call', action: { type: 'search' } }
const openPage = { type: 'web_search_call', action: { type: 'open_page' } }
const interpreter = { type: 'code_interpreter_call', container_id: 'cntr_1' }
const completion = (stated: string) =>
  `{"id":"c1","model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,${stated}}}`
const chatRead = { inputTokens: 10, outputTokens: 4, totalTokens: 14 }

export const besideTokensExchanges: readonly Exchange[] = [
  {
    points: [10],
    name: 'usage comes with response.completed',
    api: 'responses',
    stream: true,
    body: typedEvents(
      { type: 'response.created', response: response(null, { status: 'in_progress' }) } as { type: string },
      { type: 'response.output_text.delta', delta: 'Hi', sequence_number: 1 } as { type: string },
      { type: 'response.completed', response: response(usage, { service_tier: 'flex' }) } as { type: string },
    ),
    expected: {
      model,
      usage: { ...read, serviceTier: 'flex' },
      status: 'completed',
      serviceTier: 'flex',
      outputText: 'Hi',
    },
  },
  {
    points: [10],
    name: 'an incomplete response says zero in spite of its output',
    api: 'responses',
    stream: true,
    body: typedEvents(
      { type: 'response.output_text.delta', delta: 'Once upon' } as { type: string },
      {
        type: 'response.incomplete',
        response: response({ input_tokens: 0, output_tokens: 0, total_tokens: 0 }, { status: 'incomplete' }),
      } as { type: string },
    ),
    expected: {
      model,
      usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 },
      status: 'incomplete',
      outputText: 'Once upon',
    },
  },
  {
    points: [10],
    name: 'a background job has no usage until it is retrieved',
    api: 'responses',
    stream: false,
    body: JSON.stringify(response(null, { status: 'queued', background: true })),
    expected: { model, usage: null, status: 'queued' },
  },
  {
    points: [10, 11],
    name: 'an error event, then response.failed',
    api: 'responses',
    stream: true,
    body: typedEvents(
      { type: 'error', code: 'server_error', message: 'Sorry', param: null } as { type: string },
      {
        type: 'response.failed',
        response: response(null, { status: 'failed', error: { code: 'server_error', message: 'Sorry' } }),
      } as { type: string },
    ),
    expected: { model, usage: null, status: 'failed', error: { code: 'server_error', message: 'Sorry' } },
  },
  {
    points: [18],
    name: 'searches by items, where pages opened are none; a container',
    api: 'responses',
    stream: false,
    body: JSON.stringify(
      response(usage, { output: [{ type: 'reasoning' }, search, openPage, search, interpreter, { type: 'message' }] }),
    ),
    expected: {
      model,
      status: 'completed',
      usage: {
        ...read,
        webSearchRequests: 2,
        codeExecutionRequests: 1,
        outputItems: { web_search_call: 3, code_interpreter_call: 1 },
      },
    },
  },
  {
    points: [18],
    name: "the provider's own count of searches goes before the items; pictures have counts of their own",
    api: 'responses',
    stream: true,
    body: events({
      type: 'response.completed',
      response: response(usage, {
        output: [search, search],
        tool_usage: {
          web_search: { num_requests: 1 },
          image_gen: { input_tokens: 7, output_tokens: 1000, total_tokens: 1007 },
        },
      }),
    }),
    expected: {
      model,
      status: 'completed',
      usage: {
        ...read,
        webSearchRequests: 1,
        outputItems: { web_search_call: 2 },
        imageGeneration: { inputTokens: 7, outputTokens: 1000, totalTokens: 1007 },
      },
    },
  },
  {
    points: [18, 21],
    name: "xAI's tools and ticks",
    api: 'responses',
    accent: 'xai',
    stream: false,
    body: JSON.stringify(
      response({
        ...usage,
        num_server_side_tools_used: 3,
        server_side_tool_usage_details: { web_search_calls: 2, x_search_calls: 1, code_interpreter_calls: 0 },
        cost_in_usd_ticks: 161508500,
      }),
    ),
    expected: {
      model,
      status: 'completed',
      usage: {
        ...read,
        webSearchRequests: 3,
        codeExecutionRequests: 0,
        serverSideToolsUsed: 3,
        providerCostUsd: '0.01615085',
      },
    },
  },
  {
    points: [18],
    name: "Perplexity's deep research: searches, and reasoning beside the completion",
    api: 'chat.completions',
    accent: 'perplexity',
    stream: false,
    body: completion('"num_search_queries":18,"reasoning_tokens":700'),
    expected: {
      model: 'm',
      usage: { inputTokens: 10, outputTokens: 704, reasoningTokens: 700, totalTokens: 14, webSearchRequests: 18 },
    },
  },
  {
    points: [20],
    name: "Cohere's billed units",
    api: 'cohere.chat',
    stream: true,
    body: typedEvents(
      { type: 'message-start', id: 'm1' } as { type: string },
      { type: 'content-delta', delta: { message: { content: { text: 'Hi' } } } } as { type: string },
      {
        type: 'message-end',
        delta: {
          usage: {
            billed_units: { input_tokens: 7, output_tokens: 21, search_units: 1 },
            tokens: { input_tokens: 502, output_tokens: 24 },
            cached_tokens: 448,
          },
        },
      } as { type: string },
    ),
    expected: {
      model: null,
      outputText: 'Hi',
      usage: {
        inputTokens: 502,
        cachedInputTokens: 448,
        outputTokens: 24,
        billedInputTokens: 7,
        billedOutputTokens: 21,
        searchUnits: 1,
      },
    },
  },
  {
    points: [20],
    name: 'whisper bills seconds, in its own object or as the duration heard',
    api: 'audio.transcriptions',
    stream: false,
    body: '{"text":"Hi","usage":{"type":"duration","seconds":4}}',
    expected: { model: null, usage: { durationSeconds: 4 }, outputText: 'Hi' },
  },
  {
    points: [20],
    name: 'a translation in the verbose form',
    api: 'audio.translations',
    stream: false,
    body: '{"task":"translate","duration":8.47,"text":"Hi"}',
    expected: { model: null, usage: { durationSeconds: 8.47 } },
  },
  {
    points: [20],
    name: 'a transcription billed by tokens, streamed',
    api: 'audio.transcriptions',
    stream: true,
    body: events(
      { type: 'transcript.text.delta', delta: 'Hi' },
      {
        type: 'transcript.text.done',
        text: 'Hi',
        usage: {
          type: 'tokens',
          input_tokens: 14,
          input_token_details: { audio_tokens: 14, text_tokens: 0 },
          output_tokens: 3,
          total_tokens: 17,
        },
      },
    ),
    expected: {
      model: null,
      outputText: 'Hi',
      usage: { inputTokens: 14, textInputTokens: 0, audioInputTokens: 14, outputTokens: 3, totalTokens: 17 },
    },
  },
  {
    points: [20],
    name: 'a moderation is free',
    api: 'moderations',
    stream: false,
    body: '{"id":"modr-1","model":"omni-moderation-latest","results":[]}',
    expected: { model: 'omni-moderation-latest', usage: null },
  },
  {
    points: [21],
    name: 'a cost with more digits than a double holds',
    api: 'chat.completions',
    stream: false,
    body: completion('"cost":0.12345678901234567890123,"cost_details":{"upstream_inference_cost":4.0e-07}'),
    expected: {
      model: 'm',
      usage: { ...chatRead, providerCostUsd: '0.12345678901234567890123', upstreamCostUsd: '0.0000004' },
    },
  },
  {
    points: [21],
    name: "with the caller's own key the cost is only a fee",
    api: 'chat.completions',
    stream: false,
    body: completion('"cost":0,"is_byok":true,"cost_details":{"upstream_inference_cost":0.0000063}'),
    expected: {
      model: 'm',
      usage: { ...chatRead, providerCostUsd: '0', providerCostIsFee: true, upstreamCostUsd: '0.0000063' },
    },
  },
  {
    points: [7, 21],
    name: "Perplexity's cost is an object and comes with the last chunk",
    api: 'chat.completions',
    accent: 'perplexity',
    stream: true,
    body: [
      '{"id":"c1","model":"sonar","choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":12,"completion_tokens":1,"total_tokens":13}}',
      '{"id":"c1","model":"sonar","choices":[{"delta":{"content":"b"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":2,"total_tokens":14,"cost":{"request_cost":0.005,"total_cost":0.0050}}}',
    ]
      .map((json) => `data: ${json}\r\n\r\n`)
      .join(''),
    expected: {
      model: 'sonar',
      outputText: 'ab',
      usage: { inputTokens: 12, outputTokens: 2, totalTokens: 14, providerCostUsd: '0.005' },
    },
  },
]
