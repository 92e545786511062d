import { type Exchange, events } from './exchange.ts'

const model = 'gemini-2.5-flash'
const chunk = (text: string, usageMetadata?: unknown, more: object = {}) => ({
  candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0, ...more }],
  ...(usageMetadata === undefined ? {} : { usageMetadata }),
  modelVersion: model,
  responseId: 'r1',
})
const stop = { finishReason: 'STOP' }

export const googleExchanges: readonly Exchange[] = [
  {
    points: [14],
    name: 'thinking and what tools fed in are added',
    api: 'generateContent',
    stream: false,
    body: JSON.stringify(
      chunk(
        '42',
        {
          promptTokenCount: 30,
          toolUsePromptTokenCount: 700,
          cachedContentTokenCount: 12,
          candidatesTokenCount: 5,
          thoughtsTokenCount: 100,
          totalTokenCount: 835,
          promptTokensDetails: [
            { modality: 'TEXT', tokenCount: 10 },
            { modality: 'IMAGE', tokenCount: 20 },
          ],
          cacheTokensDetails: [{ modality: 'IMAGE', tokenCount: 12 }],
        },
        stop,
      ),
    ),
    expected: {
      model,
      outputText: '42',
      usage: {
        inputTokens: 730,
        cachedInputTokens: 12,
        imageInputTokens: 20,
        imageCachedTokens: 12,
        toolUsePromptTokens: 700,
        outputTokens: 105,
        reasoningTokens: 100,
        totalTokens: 835,
      },
    },
  },
  {
    points: [15],
    name: 'only output is counted: the input is unknown, not zero',
    api: 'generateContent',
    stream: false,
    body: JSON.stringify(chunk('Hi', { candidatesTokenCount: 18, thoughtsTokenCount: 58 }, stop)),
    expected: { model, usage: { outputTokens: 76, reasoningTokens: 58 } },
  },
  {
    points: [15],
    name: 'no candidates: the total says that there was no output',
    api: 'generateContent',
    stream: false,
    body: JSON.stringify({
      promptFeedback: { blockReason: 'SAFETY' },
      usageMetadata: { promptTokenCount: 14, totalTokenCount: 14 },
      modelVersion: model,
    }),
    expected: { model, usage: { inputTokens: 14, outputTokens: 0, totalTokens: 14 } },
  },
  {
    points: [15],
    name: 'the last report of a stream counts, the details do not add up',
    api: 'generateContent',
    stream: true,
    body: events(
      chunk('One ', { promptTokenCount: 400, candidatesTokenCount: 3, totalTokenCount: 403 }),
      chunk(
        'two',
        {
          promptTokenCount: 417,
          candidatesTokenCount: 7,
          totalTokenCount: 424,
          promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 51 }],
        },
        stop,
      ),
    ),
    expected: {
      model,
      usage: { inputTokens: 417, audioInputTokens: 51, outputTokens: 7, totalTokens: 424 },
      outputText: 'One two',
    },
  },
  {
    points: [15],
    name: 'the last report leaves out the visible answer that an earlier one counted',
    api: 'generateContent',
    stream: true,
    body: events(
      chunk('{"a":', { promptTokenCount: 9, candidatesTokenCount: 7, thoughtsTokenCount: 35, totalTokenCount: 51 }),
      chunk('1}', { promptTokenCount: 9, candidatesTokenCount: 21, thoughtsTokenCount: 35, totalTokenCount: 65 }),
      chunk('', { promptTokenCount: 87, thoughtsTokenCount: 78, totalTokenCount: 165 }, stop),
    ),
    expected: {
      model,
      usage: { inputTokens: 87, outputTokens: 78, reasoningTokens: 78, totalTokens: 165, outputTokensLeftOut: 21 },
    },
    marks: ['output_left_out'],
  },
  {
    points: [16],
    name: 'thinking is the rest of the total',
    api: 'chat.completions',
    accent: 'google',
    stream: false,
    body: JSON.stringify({
      id: 'c1',
      model,
      choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 35, completion_tokens: 12, total_tokens: 109 },
    }),
    expected: { model, usage: { inputTokens: 35, outputTokens: 74, reasoningTokens: 62, totalTokens: 109 } },
  },
  {
    points: [16],
    name: 'the same numbers from anyone else: the total may be anything, and is marked',
    api: 'chat.completions',
    stream: false,
    body: JSON.stringify({
      id: 'c1',
      model,
      choices: [],
      usage: { prompt_tokens: 35, completion_tokens: 12, total_tokens: 109 },
    }),
    expected: { model, usage: { inputTokens: 35, outputTokens: 12, totalTokens: 109 } },
    marks: ['total_over_counts'],
  },
  {
    points: [17],
    name: 'an array instead of events, no model named',
    api: 'generateContent',
    stream: true,
    body: JSON.stringify(
      [
        { candidates: [{ content: { parts: [{ text: 'a "]}' }] } }] },
        {
          candidates: [
            { content: { parts: [{ functionCall: { name: 'add', args: { a: 1 } } }] }, finishReason: 'STOP' },
          ],
          usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 4, totalTokenCount: 15 },
        },
      ],
      null,
      2,
    ),
    expected: {
      model: null,
      usage: { inputTokens: 11, outputTokens: 4, totalTokens: 15 },
      outputText: 'a "]}add{"a":1}',
    },
  },
  {
    points: [17],
    name: 'lines that end in CRLF',
    api: 'generateContent',
    stream: true,
    body: events(
      chunk('Hi'),
      chunk('!', { promptTokenCount: 2, candidatesTokenCount: 2, totalTokenCount: 4 }, stop),
    ).replaceAll('\n', '\r\n'),
    expected: { model, usage: { inputTokens: 2, outputTokens: 2, totalTokens: 4 }, outputText: 'Hi!' },
  },
  {
    points: [11],
    name: 'an error as bare JSON after the events',
    api: 'generateContent',
    stream: true,
    body: `${events(chunk('Hi'))}${JSON.stringify({ error: { code: 499, message: 'Cancelled.', status: 'CANCELLED' } }, null, 2)}\n`,
    expected: {
      model,
      usage: null,
      error: { code: 'CANCELLED', message: 'Cancelled.', status: 'CANCELLED', statusCode: 499 },
      complete: false,
    },
  },
  {
    points: [11, 17],
    name: 'an error as the last element of the array',
    api: 'generateContent',
    stream: true,
    body: JSON.stringify([chunk('Hi'), { error: { code: 503, message: 'Overloaded.', status: 'UNAVAILABLE' } }]),
    expected: {
      model,
      usage: null,
      error: { code: 'UNAVAILABLE', message: 'Overloaded.', status: 'UNAVAILABLE', statusCode: 503 },
      complete: false,
    },
  },
  {
    points: [18],
    name: 'grounding is one search per prompt up to Gemini 2.5',
    api: 'generateContent',
    stream: false,
    body: JSON.stringify(
      chunk(
        'Hi',
        { promptTokenCount: 2, candidatesTokenCount: 2, totalTokenCount: 4 },
        {
          ...stop,
          groundingMetadata: { webSearchQueries: ['a', 'b'] },
        },
      ),
    ),
    expected: { model, usage: { inputTokens: 2, outputTokens: 2, totalTokens: 4, webSearchRequests: 1 } },
  },
  {
    points: [18],
    name: 'and one per query from Gemini 3 on, however often a stream repeats it',
    api: 'generateContent',
    stream: true,
    body: events(
      { ...chunk('Hi', undefined, { groundingMetadata: { webSearchQueries: ['a'] } }), modelVersion: 'gemini-3-pro' },
      {
        ...chunk(
          '!',
          { promptTokenCount: 2, candidatesTokenCount: 2, totalTokenCount: 4 },
          {
            ...stop,
            groundingMetadata: { webSearchQueries: ['a', 'b'] },
          },
        ),
        modelVersion: 'gemini-3-pro',
      },
    ),
    expected: {
      model: 'gemini-3-pro',
      usage: { inputTokens: 2, outputTokens: 2, totalTokens: 4, webSearchRequests: 2 },
    },
  },
  {
    points: [19],
    name: "Vertex' traffic type and Gemini's tier",
    api: 'generateContent',
    stream: false,
    body: JSON.stringify(
      chunk(
        'Hi',
        {
          promptTokenCount: 2,
          candidatesTokenCount: 2,
          totalTokenCount: 4,
          trafficType: 'ON_DEMAND_FLEX',
          serviceTier: 'flex',
        },
        stop,
      ),
    ),
    expected: {
      model,
      serviceTier: 'flex',
      usage: { inputTokens: 2, outputTokens: 2, totalTokens: 4, trafficType: 'ON_DEMAND_FLEX', serviceTier: 'flex' },
    },
  },
  {
    points: [20],
    name: 'an embedding without usage',
    api: 'embedContent',
    stream: false,
    body: '{"embeddings":[{"values":[0.1,0.2]}]}',
    expected: { model: null, usage: null },
  },
  {
    points: [20],
    name: 'counting tokens is free',
    api: 'countTokens',
    stream: false,
    body: '{"totalTokens":12}',
    expected: { model: null, usage: null },
  },
]
