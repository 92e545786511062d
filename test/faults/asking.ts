import assert from 'node:assert/strict'
import type { SettleEntry } from '#core/ledger/entry.ts'
import type { Stack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'

/** A provider that gives up soon, so that faults need not be waited for. */
export const impatient = `  - {name: openai, kind: openai, base_url: "\${SIMULATOR}", api_key: sk-upstream, timeout_ms: {connect: 2000, first_byte: 250, idle: 250}, retries: {max: 3, base_ms: 1}}
  - {name: anthropic, kind: anthropic, base_url: "\${SIMULATOR}", api_key: sk-upstream, timeout_ms: {connect: 2000, first_byte: 250, idle: 250}, retries: {max: 3, base_ms: 1}}`

export interface Question {
  /** Directives for the simulated provider. */
  readonly wishes?: string
  readonly stream?: boolean
  readonly body?: object
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

let count = 0

export const usualBody = { model: 'gpt-4.1-mini', messages: [{ role: 'user', content: 'Tell me about the bridge.' }] }

/** Asks the gateway under a request id of its own. */
export function ask(
  stack: Stack,
  question: Question = {},
): { readonly id: string; readonly response: Promise<Response> } {
  const id = `q-${++count}`
  const { wishes = '', stream = false, path = '/v1/chat/completions', signal } = question
  const response = fetch(`${stack.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${stack.key}`,
      'content-type': 'application/json',
      'x-request-id': id,
      'x-simulate-id': id,
      'x-simulate': wishes,
      ...question.headers,
    },
    body: JSON.stringify({ ...usualBody, ...(stream ? { stream: true } : {}), ...question.body }),
    ...(signal === undefined ? {} : { signal }),
  })
  return { id, response }
}

/** The record of a call, once it is there; there must not be two. */
export async function recordOf(stack: Stack, requestId: string): Promise<SettleEntry> {
  const found = await until(`the record of ${requestId}`, async () => {
    const entries = (await stack.ledger()).filter((entry) => entry.call.requestId === requestId)
    return entries.length === 0 ? null : entries
  })
  const [entry, ...more] = found
  assert.ok(entry !== undefined && more.length === 0, `${found.length} records of ${requestId}`)
  return entry
}

/** What came of an answer before it ended or broke. */
export async function readAll(response: Response): Promise<{ readonly text: string; readonly broke: boolean }> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
    return { text, broke: false }
  } catch {
    return { text, broke: true }
  }
}

/** After whatever happened: the gateway serves, and what it opened it has settled. */
export async function assertSound(stack: Stack): Promise<void> {
  const { id, response } = ask(stack)
  assert.equal((await response).status, 200, 'the gateway serves no more')
  await (await response).arrayBuffer()
  await recordOf(stack, id)
  await until('all calls to be settled', async () => {
    const entries = await stack.journal()
    const settled = new Set(entries.filter(({ kind }) => kind === 'settle').map(({ call }) => call.callId))
    return entries.every(({ call }) => settled.has(call.callId))
  })
}
