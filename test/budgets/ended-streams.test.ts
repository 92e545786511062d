import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { billed, spentOf } from './spending.ts'
import { checkStack } from './state.ts'

/** What the SDK of a caller made of a stream. */
interface Told {
  readonly text: string
  /** Why the answer ended, in the words of its API. */
  readonly ended: string | null | undefined
}

/** Far more than is affordable, one token a time. */
const wishes = { 'x-simulate': 'input=20 tokens=3000 speed=1 ttft=5 tps=600' }
const prompt = 'What is the capital of France?'

/** Calls on a budget that pays the beginning of the answer alone, and checks all that is to be said of it. */
async function checkEnded(usd: string, ended: string, call: (stack: Stack) => Promise<Told>): Promise<void> {
  const more = `budgets:\n  - {name: team, limits: [{window: day, usd: "${usd}"}]}`
  const stack = await startStack({ more })
  try {
    const told = await call(stack)
    assert.equal(told.ended, ended)
    const [entry, ...others] = await stack.ledger()
    assert.ok(entry !== undefined && others.length === 0)
    const { outcome, errorCode, marks, usageSource, statusCode } = entry
    assert.deepEqual(
      { outcome, errorCode, usageSource, statusCode, marks: [...marks] },
      {
        outcome: 'served',
        errorCode: 'budget_exceeded',
        usageSource: 'estimated',
        statusCode: 200,
        marks: ['budget_ended:team'],
      },
    )
    // It ends a chunk or two before what was held is used up, and how large those are is the machine's affair.
    assert.ok(told.text.length > 64, `only ${told.text.length} characters`)
    const limit = BigInt(Math.round(Number(usd) * 1e12))
    const spent = spentOf([entry])
    assert.ok(spent > 0n && spent <= limit, `${spent} of ${limit}`)
    // The provider hears of it in its own time.
    const line = await until('the bill', () => stack.bill()[0] ?? null)
    assert.equal(line.delivered, 'aborted')
    assert.ok(billed(stack) <= limit, `${billed(stack)} billed of ${limit}`)
    await checkStack(stack)
  } finally {
    await stack.stop()
  }
}

function openaiFor(stack: Stack): OpenAI {
  return new OpenAI({ apiKey: stack.key, baseURL: `${stack.url}/v1`, defaultHeaders: wishes, maxRetries: 0 })
}

function anthropicFor(stack: Stack): Anthropic {
  return new Anthropic({ apiKey: stack.key, baseURL: stack.url, defaultHeaders: wishes, maxRetries: 0 })
}

const messages = [{ role: 'user' as const, content: prompt }]

test('a chat completion ends as at its length', () =>
  checkEnded('0.0065', 'length', async (stack) => {
    const stream = await openaiFor(stack).chat.completions.create({ model: 'gpt-4.1', messages, stream: true })
    let text = ''
    const ends: (string | null)[] = []
    for await (const { choices } of stream) {
      text += choices[0]?.delta.content ?? ''
      for (const choice of choices) if (choice.finish_reason !== null) ends.push(choice.finish_reason)
    }
    assert.equal(ends.length, 1)
    return { text, ended: ends[0] }
  }))

test('the streaming helper of chat completions has a message, and the usage that is booked', () =>
  checkEnded('0.0065', 'length', async (stack) => {
    const ask = { model: 'gpt-4.1', messages, stream_options: { include_usage: true } }
    const { choices, usage } = await openaiFor(stack).chat.completions.stream(ask).finalChatCompletion()
    const [entry] = await stack.ledger()
    assert.deepEqual(
      usage && [usage.prompt_tokens, usage.completion_tokens],
      entry && [entry.tokens.input, entry.tokens.output],
    )
    assert.ok(usage !== undefined && usage !== null && usage.total_tokens > 0)
    return { text: choices[0]?.message.content ?? '', ended: choices[0]?.finish_reason }
  }))

test('a text completion ends as at its length', () =>
  checkEnded('0.0018', 'length', async (stack) => {
    const ask = { model: 'gpt-3.5-turbo-instruct', prompt, max_tokens: 4000, stream: true } as const
    let text = ''
    let ended: string | null = null
    for await (const { choices } of await openaiFor(stack).completions.create(ask)) {
      text += choices[0]?.text ?? ''
      ended = choices[0]?.finish_reason ?? ended
    }
    return { text, ended }
  }))

test('a response is incomplete', () =>
  checkEnded('0.0065', 'incomplete', async (stack) => {
    const stream = openaiFor(stack).responses.stream({ model: 'gpt-4.1', input: prompt })
    let text = ''
    let ended: string | undefined
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') text += event.delta
      if (event.type !== 'response.incomplete') continue
      ended = event.response.status
      assert.equal(event.response.incomplete_details?.reason, 'max_output_tokens')
      assert.equal(event.response.id, (await stream.finalResponse()).id)
    }
    return { text, ended }
  }))

test('the plain stream of a response ends with what was written in it', () =>
  checkEnded('0.0065', 'incomplete', async (stack) => {
    const ask = { model: 'gpt-4.1', input: prompt, stream: true } as const
    let text = ''
    let last: OpenAI.Responses.ResponseStreamEvent | null = null
    let number = -1
    for await (const event of await openaiFor(stack).responses.create(ask)) {
      if (event.type === 'response.output_text.delta') text += event.delta
      assert.ok(event.sequence_number > number, `${event.sequence_number} of ${event.type} behind ${number}`)
      number = event.sequence_number
      last = event
    }
    assert.ok(last?.type === 'response.incomplete')
    return { text, ended: last.response.status }
  }))

test('a message ends as at its most tokens', () =>
  checkEnded('0.0062', 'max_tokens', async (stack) => {
    const ask = { model: 'claude-sonnet-4-5', max_tokens: 8000, messages }
    const stream = anthropicFor(stack).messages.stream(ask)
    const open = new Set<number>()
    stream.on('streamEvent', (event) => {
      if (event.type === 'content_block_start') open.add(event.index)
      if (event.type === 'content_block_stop') open.delete(event.index)
      if (event.type === 'message_delta') assert.equal(open.size, 0, 'every block is closed before the message')
    })
    const message = await stream.finalMessage()
    return {
      text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
      ended: message.stop_reason,
    }
  }))

test('generated content ends as at its most tokens', () =>
  checkEnded('0.0004', 'MAX_TOKENS', async (stack) => {
    const google = new GoogleGenAI({ apiKey: stack.key, httpOptions: { baseUrl: stack.url, headers: wishes } })
    let text = ''
    let ended: string | undefined
    for await (const chunk of await google.models.generateContentStream({
      model: 'gemini-2.0-flash',
      contents: prompt,
    })) {
      text += chunk.text ?? ''
      ended = chunk.candidates?.[0]?.finishReason ?? ended
    }
    return { text, ended }
  }))
