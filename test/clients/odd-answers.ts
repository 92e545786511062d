import assert from 'node:assert/strict'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { rawCall, rawPost } from '#test/support/raw-call.ts'
import { type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

export interface Asked {
  readonly path: string
  readonly body: object
}

export interface Booked {
  /** What the caller saw: head and body, one character a byte. */
  readonly seen: string
  readonly entry: SettleEntry
}

/** A gateway before one upstream that speaks as each vendor, and answers what the test wrote. */
export interface OddAnswers {
  readonly upstream: RawUpstream
  readonly stack: Stack
  book(asked: Asked, ...answer: readonly string[]): Promise<Booked>
  stop(): Promise<void>
}

type KindAndModels = readonly [string, string]

const vendors: readonly KindAndModels[] = [
  ['openai-compatible', '*gpt*'],
  ['openai-compatible', 'text-embedding-*'],
  ['anthropic', 'claude-*'],
  ['google', 'gemini-*'],
]

export async function startOddAnswers(kinds = vendors): Promise<OddAnswers> {
  const providers = kinds.map(
    ([kind, models], index) =>
      `  - {name: odd-${index}, kind: ${kind}, base_url: "\${SIMULATOR}", api_key: sk-relay, models: ["${models}"]}`,
  )
  const upstream = await startRawUpstream()
  const stack = await startStack({ upstream: upstream.url, providers: providers.join('\n') })
  return {
    upstream,
    stack,
    async book({ path, body }, ...answer) {
      upstream.answers(...answer)
      const headers = ['host: gate', `authorization: Bearer ${callerSecret}`, 'content-type: application/json']
      const seen = await rawCall(stack.url, rawPost(path, headers, JSON.stringify(body)))
      const entry = (await stack.ledger()).at(-1)
      assert.ok(entry)
      return { seen, entry }
    },
    async stop() {
      await stack.stop()
      await upstream.close()
    },
  }
}

export function sse(events: readonly string[]): string {
  return events.map((data) => `data: ${data}\n\n`).join('')
}

/** A whole answer with its head, as one character a byte. */
export function httpBytes(body: Buffer | string, headers: readonly string[]): string {
  const bytes = Buffer.from(body).toString('latin1')
  return `${['HTTP/1.1 200 OK', `content-length: ${bytes.length}`, ...headers].join('\r\n')}\r\n\r\n${bytes}`
}
