import { type Exchange, typedEvents } from './exchange.ts'

const model = 'claude-fable-5'
const refused = (content: unknown, usage: unknown) =>
  JSON.stringify({ id: 'msg_1', type: 'message', model, content, stop_reason: 'refusal', usage })
const start = {
  type: 'message_start',
  message: { id: 'msg_1', type: 'message', model, content: [], usage: { input_tokens: 9 } },
}
const delta = { type: 'message_delta', delta: { stop_reason: 'refusal' }, usage: { output_tokens: 1 } }
const stop = { type: 'message_stop' }
const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
const text = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'First' } }

/** Anthropic counts a request that it refuses at once, and bills one that it refuses after it has begun. */
export const refusalExchanges: readonly Exchange[] = [
  {
    points: [],
    name: 'a refusal before any output is told from others',
    api: 'messages',
    stream: false,
    body: refused([], { input_tokens: 9, output_tokens: 1 }),
    expected: { model, usage: { inputTokens: 9, outputTokens: 1, refusedAtOnce: true } },
  },
  {
    points: [],
    name: 'a refusal of two models in turn, neither of which has said anything',
    api: 'messages',
    stream: false,
    body: refused([{ type: 'fallback', from: { model }, to: { model: 'claude-opus-4-8' } }], {
      input_tokens: 9,
      output_tokens: 1,
    }),
    expected: { model, usage: { inputTokens: 9, outputTokens: 1, refusedAtOnce: true } },
  },
  {
    points: [],
    name: 'a refusal of a kind that is billed',
    api: 'messages',
    stream: false,
    body: JSON.stringify({
      ...{ id: 'msg_1', type: 'message', model, content: [], stop_reason: 'refusal' },
      ...{ stop_details: { type: 'refusal', category: 'bio' }, usage: { input_tokens: 9, output_tokens: 1 } },
    }),
    expected: { model, usage: { inputTokens: 9, outputTokens: 1 } },
  },
  {
    points: [],
    name: 'a refusal that had begun, of which nothing is shown',
    api: 'messages',
    stream: false,
    body: refused([], { input_tokens: 9, output_tokens: 120 }),
    expected: { model, usage: { inputTokens: 9, outputTokens: 120 } },
  },
  {
    points: [],
    name: 'a refusal after some words is an answer like others',
    api: 'messages',
    stream: false,
    body: refused([{ type: 'text', text: 'First' }], { input_tokens: 9, output_tokens: 4 }),
    expected: { model, usage: { inputTokens: 9, outputTokens: 4 }, outputText: 'First' },
  },
  {
    points: [],
    name: 'a refusal before any output',
    api: 'messages',
    stream: true,
    body: typedEvents(start, delta, stop),
    expected: { model, usage: { inputTokens: 9, outputTokens: 1, refusedAtOnce: true } },
  },
  {
    points: [],
    name: 'a refusal after some words',
    api: 'messages',
    stream: true,
    body: typedEvents(start, block, text, delta, stop),
    expected: { model, usage: { inputTokens: 9, outputTokens: 1 }, outputText: 'First' },
  },
]
