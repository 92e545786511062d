import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { faultOf, type HttpKind } from './schemas.ts'

export interface TakenRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A service that answers as the real one does, and refuses what the real one's documentation does not allow. */
export interface FakeService {
  readonly url: string
  readonly requests: readonly TakenRequest[]
  /** How many connections were made so far. */
  readonly connections: number
  /** The next request gets this answer in place of the usual one, whatever it holds. */
  next(answer: (response: ServerResponse, request: TakenRequest) => void): void
  /** The same for the next request, with a status and a body. */
  nextIs(status: number, body?: string, headers?: Record<string, string>): void
  close(): Promise<void>
}

type Answer = (fault: string | null, body: string) => { readonly status: number; readonly body: string }

const answers: Readonly<Record<HttpKind, Answer>> = {
  slack: (fault) => (fault === null ? { status: 200, body: 'ok' } : { status: 400, body: 'invalid_blocks' }),
  teams: (fault) => (fault === null ? { status: 202, body: '' } : { status: 400, body: '{"error":{"code":"Bad"}}' }),
  pagerduty: (fault, body) =>
    fault === null
      ? { status: 202, body: JSON.stringify({ status: 'success', message: 'Event processed', ...dedupKey(body) }) }
      : {
          status: 400,
          body: JSON.stringify({ status: 'invalid event', message: 'Event object is invalid', errors: [fault] }),
        },
  alertmanager: (fault) => (fault === null ? { status: 200, body: '' } : { status: 400, body: JSON.stringify(fault) }),
  webhook: (fault) => (fault === null ? { status: 204, body: '' } : { status: 400, body: fault }),
}

function dedupKey(body: string): object {
  const event: unknown = JSON.parse(body)
  return event !== null && typeof event === 'object' && 'dedup_key' in event ? { dedup_key: event.dedup_key } : {}
}

const paths: Readonly<Record<HttpKind, string>> = {
  slack: '/services/T0AAAAAA/B0BBBBBB/xoxSecretPathxoxSecret',
  teams: '/workflows/0123456789abcdef/triggers/manual/paths/invoke?api-version=2016-06-01&sig=S3cr3tSignature_of-Teams',
  pagerduty: '/v2/enqueue',
  alertmanager: '/alertmanager',
  webhook: '/hooks/tollgate-0f2c4b',
}

export async function startService(kind: HttpKind): Promise<FakeService> {
  const requests: TakenRequest[] = []
  const queue: ((response: ServerResponse, request: TakenRequest) => void)[] = []
  let connections = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const taken = { path: request.url ?? '', headers: request.headers, body }
      requests.push(taken)
      const next = queue.shift()
      if (next !== undefined) return next(response, taken)
      const wanted = kind === 'alertmanager' ? `${paths[kind]}/api/v2/alerts` : paths[kind]
      if (request.method !== 'POST' || taken.path !== wanted) return response.writeHead(404).end('no_service')
      if (request.headers['content-type'] !== 'application/json') return response.writeHead(415).end()
      const answer = answers[kind](faultOf(kind, body), body)
      response.writeHead(answer.status).end(answer.body)
    })
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${paths[kind]}`,
    requests,
    get connections() {
      return connections
    },
    next: (answer) => queue.push(answer),
    nextIs: (status, body = '', headers = {}) =>
      queue.push((response) => response.writeHead(status, headers).end(body)),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
