import { Agent, request } from 'node:http'
import { callerSecret } from '#test/support/stack.ts'

/** A kind of call, and how its client knows that it has got all of the answer. */
export interface CallKind {
  readonly name: string
  readonly path: string
  readonly stream: boolean
  readonly body: (prompt: string) => object
  /** True where the text holds the event that ends a stream. */
  readonly ended: (text: string) => boolean
}

const wholeBody = (): boolean => true
const user = (content: string) => [{ role: 'user', content }]

export const callKinds: readonly CallKind[] = [
  {
    name: 'openai plain',
    path: '/v1/chat/completions',
    stream: false,
    body: (prompt) => ({ model: 'gpt-4.1-mini', messages: user(prompt) }),
    ended: wholeBody,
  },
  {
    name: 'openai stream',
    path: '/v1/chat/completions',
    stream: true,
    body: (prompt) => ({ model: 'gpt-4.1', stream: true, messages: user(prompt) }),
    ended: (text) => text.includes('data: [DONE]\n'),
  },
  {
    name: 'responses stream',
    path: '/v1/responses',
    stream: true,
    body: (prompt) => ({ model: 'o4-mini', stream: true, input: prompt }),
    ended: (text) => text.includes('event: response.completed\n'),
  },
  {
    name: 'anthropic plain',
    path: '/v1/messages',
    stream: false,
    body: (prompt) => ({ model: 'claude-haiku-4-5', max_tokens: 4000, messages: user(prompt) }),
    ended: wholeBody,
  },
  {
    name: 'anthropic stream',
    path: '/v1/messages',
    stream: true,
    body: (prompt) => ({ model: 'claude-sonnet-4-5', max_tokens: 4000, stream: true, messages: user(prompt) }),
    ended: (text) => text.includes('event: message_stop\n'),
  },
  {
    name: 'google plain',
    path: '/v1beta/models/gemini-2.5-flash:generateContent',
    stream: false,
    body: (prompt) => ({ contents: [{ role: 'user', parts: [{ text: prompt }] }] }),
    ended: wholeBody,
  },
  {
    name: 'google stream',
    path: '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    stream: true,
    body: (prompt) => ({ contents: [{ role: 'user', parts: [{ text: prompt }] }] }),
    ended: (text) => text.includes('"finishReason"'),
  },
]

export interface CallToMake {
  readonly kind: CallKind
  readonly id: string
  readonly prompt: string
  /** For the simulated provider: `tokens=30 tps=500`. */
  readonly wishes: string
}

/**
 * whole: a 200 that came to its end, the last event of a stream included. failed: an answer that says that it failed.
 * cut: an answer without its end, or none at all.
 */
export interface CallResult {
  readonly id: string
  readonly kind: CallKind
  readonly fate: 'whole' | 'failed' | 'cut' | 'unreached'
  readonly status: number
  readonly text: string
}

export const newAgent = (): Agent => new Agent({ keepAlive: true, maxSockets: 256 })

/** Makes a call and tells what its client got to see. Never rejects. */
export function makeCall(url: string, agent: Agent, call: CallToMake): Promise<CallResult> {
  const { kind, id, wishes } = call
  return new Promise((resolve) => {
    let text = ''
    let status = 0
    const tell = (fate: CallResult['fate']): void => resolve({ id, kind, fate, status, text })
    const headers = {
      authorization: `Bearer ${callerSecret}`,
      'content-type': 'application/json',
      'x-request-id': id,
      'x-simulate-id': id,
      'x-simulate': wishes,
    }
    const asked = request(`${url}${kind.path}`, { method: 'POST', agent, headers }, (response) => {
      status = response.statusCode ?? 0
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      // A stream whose last event has come is whole for its client, whatever becomes of the connection.
      response.on('close', () => {
        const told = kind.stream ? kind.ended(text) : response.complete
        if (status !== 200) tell(response.complete ? 'failed' : 'cut')
        else if (told) tell('whole')
        else tell(response.complete ? 'failed' : 'cut')
      })
    })
    asked.on('error', (error: NodeJS.ErrnoException) => tell(error.code === 'ECONNREFUSED' ? 'unreached' : 'cut'))
    asked.end(JSON.stringify(kind.body(call.prompt)))
  })
}
