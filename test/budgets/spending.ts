import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { callerSecret, type Stack } from '#test/support/stack.ts'

export interface Said {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** One call, with directives for the simulated provider. */
export function spend(stack: Stack, wishes: string, more: Readonly<Record<string, unknown>> = {}): Promise<Said> {
  const messages = [{ role: 'user', content: 'What is the capital of France?' }]
  return post(stack, '/v1/chat/completions', { model: 'gpt-4.1', messages, ...more }, { 'x-simulate': wishes })
}

export function post(
  stack: Stack,
  path: string,
  body: unknown,
  more: Readonly<Record<string, string>> = {},
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${callerSecret}`, ...more }
    const asked = request(`${stack.url}${path}`, { method: 'POST', headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(JSON.stringify(body))
  })
}

export function spentOf(entries: readonly SettleEntry[]): bigint {
  return entries.reduce((sum, { cost }) => sum + cost.totalPicoUsd, 0n)
}

/** What the simulated provider bills, in 1e-12 USD. */
export function billed(stack: Stack): bigint {
  return stack.bill().reduce((sum, { costPicoUsd }) => sum + (costPicoUsd ?? 0n), 0n)
}

export function served(said: readonly Said[]): Said[] {
  const good = said.filter(({ status }) => status === 200)
  for (const { status, text } of said) assert.ok(status === 200 || status === 402, `${status} ${text}`)
  return good
}
