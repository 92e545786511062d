import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointName } from '#core/ledger/entry.ts'
import { createStreamEnd, PassedEvents } from './cut-stream.ts'
import type { Dialect } from './endpoints.ts'
import type { CutStream } from './stream-end.ts'

const cut: CutStream = {
  ...{ responseId: 'x-1', model: 'm', inputTokens: 5, outputTokens: 7, createdAtS: 1_700_000_000 },
  ...{ code: 'budget_exceeded', message: 'used up' },
}

/** The events with which a stream is ended behind these, as JSON; `[DONE]` as text. */
function lastOf(endpoint: EndpointName, dialect: Dialect, events: readonly object[], usageAsked = false) {
  const passed = new PassedEvents(createStreamEnd(endpoint, dialect, { usageAsked }))
  for (const event of events) passed.push(Buffer.from(`data: ${JSON.stringify(event)}\n\n`))
  const lines = passed.last(cut).toString().split('\n')
  const texts = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6))
  return texts.map((text) => (text === '[DONE]' ? text : JSON.parse(text)))
}

test('of several choices those that have begun and not ended are ended', () => {
  const choice = (index: number, finish_reason: string | null) => {
    const choices = [{ index, delta: { content: 'a' }, finish_reason }]
    return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 5, model: 'gpt-4.1-2025-04-14', choices }
  }
  const events = [choice(0, null), choice(2, null), choice(1, null), choice(2, 'stop')]
  const [last, done] = lastOf('chat.completions', 'openai', events)
  assert.deepEqual([last.id, last.created, last.model], ['chatcmpl-1', 5, 'gpt-4.1-2025-04-14'])
  assert.deepEqual(
    last.choices.map((one: { index: number; finish_reason: string }) => [one.index, one.finish_reason]),
    [
      [0, 'length'],
      [1, 'length'],
    ],
  )
  assert.deepEqual(last.tollgate, { code: 'budget_exceeded', message: 'used up' })
  assert.equal(done, '[DONE]')
})

test('who asked for usage gets it in a chunk of its own, and nobody else', () => {
  for (const endpoint of ['chat.completions', 'completions'] as const) {
    const begun = [{ id: 'a', created: 5, model: 'm-1', choices: [{ index: 0 }], usage: null }]
    const [last, usage, done] = lastOf(endpoint, 'openai', begun, true)
    assert.deepEqual([last.choices.length, last.usage, done], [1, null, '[DONE]'])
    assert.deepEqual([usage.id, usage.created, usage.model, usage.choices], ['a', 5, 'm-1', []])
    assert.deepEqual(usage.usage, { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 })
    const [, second] = lastOf(endpoint, 'openai', begun)
    assert.equal(second, '[DONE]')
  }
})

test('an answer of which nothing has come is an answer all the same', () => {
  assert.equal(lastOf('chat.completions', 'openai', [])[0].choices[0].finish_reason, 'length')
  assert.equal(lastOf('completions', 'openai', [])[0].choices[0].text, '')
  assert.equal(lastOf('generateContent', 'google', [])[0].candidates[0].finishReason, 'MAX_TOKENS')
  const types = (events: readonly { type: string }[]) => events.map(({ type }) => type)
  assert.deepEqual(types(lastOf('messages', 'anthropic', [])), ['message_start', 'message_delta', 'message_stop'])
  assert.deepEqual(types(lastOf('responses', 'openai', [])), ['response.created', 'response.incomplete'])
})

test('of a message the block that is open is closed first', () => {
  const events = [
    { type: 'message_start', message: {} },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"a' } },
  ]
  const [stop, delta, end] = lastOf('messages', 'anthropic', events)
  assert.deepEqual(stop, { type: 'content_block_stop', index: 1 })
  assert.deepEqual([delta.delta.stop_reason, delta.usage.output_tokens, end.type], ['max_tokens', 7, 'message_stop'])
})

test('of a response all that is open is closed, with what was written of it', () => {
  const at = { item_id: 'msg_1', output_index: 1, content_index: 0 }
  const call = { type: 'function_call', id: 'fc_1', name: 'f', call_id: 'c', arguments: '{}', status: 'completed' }
  const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'in_progress', content: [] }
  const events = [
    { type: 'response.created', response: { id: 'resp_1', status: 'in_progress', output: [], model: 'gpt-4.1' } },
    { type: 'response.output_item.added', output_index: 0, item: { ...call, arguments: '', status: 'in_progress' } },
    { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 0, delta: '{}' },
    { type: 'response.output_item.done', output_index: 0, item: call },
    { type: 'response.output_item.added', output_index: 1, item: message },
    { type: 'response.content_part.added', ...at, part: { type: 'output_text', annotations: [], text: '' } },
    { type: 'response.output_text.delta', ...at, delta: 'Par' },
    { type: 'response.output_text.delta', ...at, delta: 'is' },
  ].map((event, sequence_number) => ({ ...event, sequence_number }))
  const last = lastOf('responses', 'openai', events)
  assert.deepEqual(
    last.map(({ type, sequence_number }) => [sequence_number, type]),
    [
      [8, 'response.output_text.done'],
      [9, 'response.content_part.done'],
      [10, 'response.output_item.done'],
      [11, 'response.incomplete'],
    ],
  )
  const content = [{ type: 'output_text', annotations: [], text: 'Paris' }]
  assert.deepEqual(last[2].item, { ...message, status: 'incomplete', content })
  const { response } = last[3]
  assert.deepEqual(response.output, [call, { ...message, status: 'incomplete', content }])
  assert.deepEqual([response.id, response.status, response.model], ['resp_1', 'incomplete', 'gpt-4.1'])
  assert.deepEqual(response.incomplete_details, { reason: 'max_output_tokens' })
})

test('a function call that is cut short is incomplete', () => {
  const item = { type: 'function_call', id: 'fc_1', name: 'f', call_id: 'c', arguments: '', status: 'in_progress' }
  const [done] = lastOf('responses', 'openai', [
    { type: 'response.created', sequence_number: 0, response: { id: 'resp_1', status: 'in_progress' } },
    { type: 'response.output_item.added', sequence_number: 1, output_index: 0, item },
    { type: 'response.function_call_arguments.delta', sequence_number: 2, output_index: 0, delta: '{"a' },
  ])
  assert.deepEqual(done.item, { ...item, arguments: '{"a', status: 'incomplete' })
})
