import { createHmac } from 'node:crypto'
import { incomingSecret, keys } from './running-gateway.ts'

interface Ask {
  readonly path?: string
  readonly key: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: object
  /** Leaves after the first piece of the answer. */
  readonly leaves?: boolean
}

const chat = (model: string, content: string, more: object = {}) => ({
  model,
  messages: [{ role: 'user', content }],
  ...more,
})
const anthropic = { 'anthropic-version': '2023-06-01' }
const long = 'All that there is to know about it. '.repeat(400)

/** One of everything that shows in a metric; `round` makes what has to be new. */
function asks(round: number): Ask[] {
  return [
    { key: keys.search, body: chat('gpt-4.1-mini', 'Hello') },
    { key: keys.search, body: chat('gpt-4.1', 'Hello [[simulate: input=9000 cached=4096]]') },
    { key: keys.search, body: chat('gpt-4.1', 'Hello [[simulate: tokens=200 tps=2000]]', { stream: true }) },
    { key: keys.search, body: chat('o4-mini', 'Think [[simulate: reasoning=64]]') },
    { key: keys.search, body: chat('gpt-4.1', `Later [[simulate: status=503 times=1 key=r${round}]]`) },
    { key: keys.search, body: chat('gpt-4.1', 'Fail [[simulate: status=500]]') },
    { key: keys.search, body: chat('gpt-4.1', 'Who knows [[simulate: no-usage]]') },
    { key: keys.search, body: chat('nowhere-1', 'Hello') },
    { key: keys.search, body: chat('limited-1', 'Hello') },
    { key: keys.search, body: chat('simulated-unpriced', 'Hello') },
    { key: keys.search, path: '/v1/embeddings', body: { model: 'text-embedding-3-small', input: ['a', 'b', 'c'] } },
    {
      key: keys.search,
      path: '/v1beta/models/gemini-2.5-flash:generateContent',
      body: { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] },
    },
    {
      key: keys.sales,
      path: '/v1/messages',
      headers: anthropic,
      body: {
        model: 'claude-sonnet-4-5',
        max_tokens: 20,
        system: [{ type: 'text', text: `${round} ${long}`, cache_control: { type: 'ephemeral' } }],
        messages: [{ role: 'user', content: 'Hello' }],
      },
    },
    {
      key: keys.sales,
      path: '/v1/messages',
      headers: anthropic,
      body: { ...chat('claude-sonnet-4-5', 'Hello'), max_tokens: 20, stream: true },
    },
    { key: keys.sales, headers: { 'x-department': 'engineering' }, body: chat('gpt-4.1-mini', 'Not my department') },
    { key: keys.sales, body: chat('o4-mini', 'Not my model') },
    { key: keys.poor, body: chat('gpt-4.1', 'Not my money') },
    { key: 'tg-nobody-knows-this-key-at-all', body: chat('gpt-4.1', 'Hello') },
    {
      key: keys.open,
      headers: { 'x-project': `project-${round % 20}`, 'x-user-id': `u${round}` },
      body: chat('gpt-4.1-mini', 'Hello'),
    },
    {
      key: keys.search,
      body: chat('gpt-4.1', 'Slowly [[simulate: tokens=2000 tps=100]]', { stream: true }),
      leaves: true,
    },
  ]
}

async function make(address: string, { path = '/v1/chat/completions', key, headers = {}, body, leaves }: Ask) {
  const left = new AbortController()
  const answer = await fetch(address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
    signal: left.signal,
  })
  if (leaves !== true) return void (await answer.text())
  await answer.body?.getReader().read()
  left.abort()
}

/** An event of a source, sent twice: it counts once. */
async function sendEvent(address: string, round: number): Promise<void> {
  const body = JSON.stringify({
    id: `evt_${round}`,
    model: 'gpt-4.1',
    usage: { output_tokens: 7 },
    cost: { total_usd: 0.2 },
  })
  const signature = `sha256=${createHmac('sha256', incomingSecret).update(body).digest('hex')}`
  for (let time = 0; time < 2; time += 1) {
    const answer = await fetch(`${address}/webhook/elsewhere`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-tollgate-signature': signature },
      body,
    })
    await answer.text()
  }
}

export interface Load {
  /** Resolves when the last call is over. */
  stop(): Promise<void>
}

/** Makes round after round of calls until it is stopped. */
export function startLoad(address: string): Load {
  let goesOn = true
  const rounds = async () => {
    for (let round = 1; goesOn; round += 1) {
      await Promise.all([...asks(round).map((ask) => make(address, ask)), sendEvent(address, round)])
    }
  }
  const running = rounds()
  return {
    stop: () => {
      goesOn = false
      return running
    },
  }
}
