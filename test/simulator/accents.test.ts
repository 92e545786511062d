import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RunningSimulator } from '#compose/simulator/simulator.ts'
import { accentOf } from '#providers/answers/accents.ts'
import { readAnswer } from '#providers/answers/read-answer.ts'
import { lastBilled, startSimulator } from './running.ts'

let simulator: RunningSimulator

before(async () => {
  simulator = await startSimulator()
})
after(() => simulator.close())

const accent = accentOf({ kind: 'simulated', baseUrl: null })

/** A chat completion of a model that thinks, as the gateway reads it, and what the provider bills for it. */
async function askThinking(model: string, stream: boolean) {
  const response = await fetch(`${simulator.address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer any', 'x-simulate': 'reasoning=64' },
    body: JSON.stringify({
      ...{ model, stream, messages: [{ role: 'user', content: 'Hello' }] },
      ...(stream ? { stream_options: { include_usage: true } } : {}),
    }),
  })
  const contentType = response.headers.get('content-type') ?? undefined
  const body = Buffer.from(await response.arrayBuffer())
  const { usage } = readAnswer({ api: 'chat.completions', accent, contentType, body, status: response.status })
  return { usage, billed: (await lastBilled(simulator.address)).counts }
}

for (const model of ['o4-mini', 'claude-sonnet-4-5', 'gemini-2.5-flash', 'gemini-3-pro-preview', 'deepseek-reasoner']) {
  for (const stream of [false, true]) {
    test(`the thinking of ${model} is in what it reports, ${stream ? 'streamed' : 'whole'}`, async () => {
      const { usage, billed } = await askThinking(model, stream)
      assert.ok((billed['reasoningTokens'] ?? 0) > 0)
      assert.deepEqual([usage?.inputTokens, usage?.outputTokens], [billed['inputTokens'], billed['outputTokens']])
    })
  }
}
