import { noBytes } from '#lib/no-bytes.ts'
import { type Asker, type ClientExchange, UpstreamFault } from '#ports.ts'
import { UpstreamPool } from '../upstream.ts'

/** The console's requests are small: what is larger is a mistake. */
const maxBodyBytes = 4 * 1024 * 1024

/** So much is gathered for anybody, for the console to refuse. */
const maxStrangersBodyBytes = 16 * 1024

/**
 * Hands what is not LLM traffic to the console, over its Unix socket. @param knows whether the console may know who asks
 */
export function createConsoleProxy(
  socketPath: string,
  knows: (asker: Asker) => boolean,
): (exchange: ClientExchange) => void {
  const pool = new UpstreamPool({
    origin: 'http://console',
    socketPath,
    maxConnections: 32,
    connectTimeoutMs: 1_000,
    firstByteTimeoutMs: 300_000,
    idleTimeoutMs: 300_000,
  })
  return (exchange) => {
    const mostBytes = knows(exchange) ? maxBodyBytes : maxStrangersBodyBytes
    pass(pool, exchange, mostBytes).catch((error: unknown) => refuse(exchange, error))
  }
}

async function pass(pool: UpstreamPool, exchange: ClientExchange, mostBytes: number): Promise<void> {
  const body = await exchange.readBody(mostBytes)
  if (!Buffer.isBuffer(body)) return body.code === 'body_too_large' ? refuseTooLarge(exchange, mostBytes) : undefined
  const pending = pool.send({
    method: exchange.method,
    path: exchange.path + exchange.query,
    headers: endToEnd(exchange.rawHeaders),
    body: body.length > 0 ? body : null,
  })
  exchange.onGone(() => pending.abort())
  const answer = await pending.answer
  const headers: string[] = []
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value === undefined || hopByHop.has(name)) continue
    for (const single of Array.isArray(value) ? value : [value]) headers.push(name, single)
  }
  exchange.start(answer.status, headers)
  exchange.onDrain(() => answer.resume())
  answer.deliver({
    bytes: (chunk) => {
      if (!exchange.write(chunk)) answer.pause()
    },
    end: () => exchange.end(noBytes),
    fail: () => exchange.breakOff(),
  })
}

const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
])
const notPassedOn: ReadonlySet<string> = new Set([...hopByHop, 'content-length', 'expect', 'proxy-connection'])

function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    if (!notPassedOn.has(name.toLowerCase())) kept.push(name, raw[index + 1] ?? '')
  }
  return kept
}

function refuse(exchange: ClientExchange, error: unknown): void {
  if (exchange.gone) return
  if (exchange.started) return exchange.breakOff()
  // Its message speaks of a provider.
  const why = error instanceof UpstreamFault ? ` (${error.code})` : ''
  const detail = `The console does not answer${why}: no reports and settings at the moment. Calls are served and kept.`
  answerProblem(exchange, { status: 503, title: 'Console unavailable', detail }, ['retry-after', '1'])
}

function refuseTooLarge(exchange: ClientExchange, mostBytes: number): void {
  const whose = mostBytes < maxBodyBytes ? ' without a token or a key that is known' : ''
  const problem = { status: 413, title: 'Request body too large', detail: `At most ${mostBytes} bytes${whose}.` }
  answerProblem(exchange, problem, [])
}

interface Problem {
  readonly status: number
  readonly title: string
  readonly detail: string
}

function answerProblem(exchange: ClientExchange, problem: Problem, headers: readonly string[]): void {
  const body = Buffer.from(JSON.stringify({ type: 'about:blank', ...problem }))
  exchange.answer(problem.status, ['content-type', 'application/problem+json', ...headers], body)
}
