import { createServer, type Socket } from 'node:net'

/**
 * The upstream of the benchmarks: as little work as an HTTP server can do, so that what is measured is what stands
 * before it. `POST` with `"stream":true` in the body is answered by a stream of `events` events, one every
 * `intervalMs`; everything else by one prepared JSON answer, in one write.
 *
 *   node bench/upstream.ts PORT [EVENTS INTERVAL_MS]
 */
const [port = '4900', events = '50', intervalMs = '20'] = process.argv.slice(2)

const body = JSON.stringify({
  id: 'chatcmpl-bench0000000000000000',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'gpt-4.1-2025-04-14',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'A short answer, as most answers of a benchmark are.', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 21,
    completion_tokens: 12,
    total_tokens: 33,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  },
  service_tier: 'default',
})
const whole = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
    `x-request-id: req_bench\r\nconnection: keep-alive\r\n\r\n${body}`,
)
const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n',
)

function chunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
}

function event(delta: object, usage: object | null, finish: string | null): Buffer {
  const choices = usage === null ? [{ index: 0, delta, logprobs: null, finish_reason: finish }] : []
  const json = {
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_790_000_000,
    model: 'gpt-4.1-2025-04-14',
    choices,
    usage,
  }
  return chunk(`data: ${JSON.stringify(json)}\n\n`)
}

const word = event({ content: ' word' }, null, null)
const streamEnd = Buffer.concat([
  event({}, null, 'stop'),
  event({}, { prompt_tokens: 21, completion_tokens: Number(events), total_tokens: 21 + Number(events) }, null),
  chunk('data: [DONE]\n\n'),
  Buffer.from('0\r\n\r\n'),
])

function stream(socket: Socket): void {
  socket.write(streamHead)
  let sent = 0
  const send = (): void => {
    if (socket.destroyed) return clearInterval(timer)
    socket.write(word)
    sent += 1
    if (sent < Number(events)) return
    clearInterval(timer)
    socket.write(streamEnd)
  }
  const timer = setInterval(send, Number(intervalMs))
  send()
}

const server = createServer({ noDelay: true }, (socket) => {
  let pending = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', (data) => {
    pending = pending === '' ? data.toString('latin1') : pending + data.toString('latin1')
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      const length = /\r\ncontent-length: (\d+)/i.exec(pending.slice(0, headEnd))
      const end = headEnd + 4 + Number(length?.[1] ?? 0)
      if (pending.length < end) return
      const request = pending.slice(headEnd, end)
      pending = pending.slice(end)
      if (request.includes('"stream":true')) stream(socket)
      else socket.write(whole)
    }
  })
})
server.listen(Number(port), '127.0.0.1', 4096, () => process.stdout.write('ready\n'))
