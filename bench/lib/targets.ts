/** Where the load goes, and as what. */
export interface Target {
  readonly name: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const ports = {
  upstream: 4900,
  bareProxy: 4901,
  tollgate: 4902,
  portkey: 4903,
  budgets: 4904,
  uncounted: 4905,
} as const
export const benchKey = 'tg-bench-0123456789abcdefghijklmnopqrstuv'

const messages = [
  { role: 'system', content: 'You are a helpful assistant that answers briefly.' },
  { role: 'user', content: 'What is the capital of France, and why do people like to visit it?' },
]
const wholeBody = JSON.stringify({ model: 'gpt-4.1', messages, temperature: 0.2, max_tokens: 100 })
export const streamBody = JSON.stringify({
  ...{ model: 'gpt-4.1', messages, stream: true },
  stream_options: { include_usage: true },
})

function target(name: string, port: number, extra: Readonly<Record<string, string>> = {}): Target {
  return {
    name,
    url: `http://127.0.0.1:${port}/v1/chat/completions`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${benchKey}`, ...extra },
    body: wholeBody,
  }
}

export const targets = {
  direct: target('direct', ports.upstream),
  bare: target('bare proxy', ports.bareProxy),
  tollgate: target('tollgate', ports.tollgate),
  budgets: target('tollgate with 10 budgets', ports.budgets),
  uncounted: target('tollgate without either', ports.uncounted),
  portkey: target('portkey', ports.portkey, {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${ports.upstream}/v1`,
  }),
}
