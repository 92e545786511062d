import { noBytes } from '#lib/no-bytes.ts'
import type { Asker, ClientExchange } from '#ports.ts'
import { type Dialect, matchEndpoint } from '#providers/endpoints.ts'
import { shapeError } from '#providers/errors.ts'
import { CallFault } from './call-fault.ts'
import type { Incoming } from './incoming/incoming.ts'
import { type MetricsDoor, metricsPath } from './metrics/door.ts'
import { takeCall } from './pipeline.ts'
import { type RefusalCode, refusalStatus, stopping } from './refusal.ts'
import { admit } from './request/admit.ts'
import { arrive } from './request/arrival.ts'
import type { Road } from './road.ts'

/** Everything that is not LLM traffic: the console answers it. */
type HandOff = (exchange: ClientExchange) => void

export interface Gateway {
  /** Never throws. */
  readonly take: (exchange: ClientExchange) => void
  /** Whether who asks has a key that is good now. Never throws. */
  readonly knows: (asker: Asker) => boolean
  /** Whether new calls are taken. */
  readonly ready: () => boolean
  /** From now on new calls go this way; those under way keep theirs. */
  layRoad(road: Road): void
  /** Refuses new calls from now on; resolves when those under way have ended. After the deadline they are ended. */
  drain(deadlineMs: number): Promise<void>
}

interface GatewayParts {
  readonly road: Road
  readonly handOff: HandOff
  /** Takes costs that were metered elsewhere. */
  readonly incoming: Incoming
  readonly version: string
  readonly metrics: MetricsDoor
  /** The address that is listened on. */
  readonly host: string
}

/** The front door: LLM calls take the road, health is answered here, the rest is handed to the console. */
export function createGateway(parts: GatewayParts): Gateway {
  let { road } = parts
  let draining = false
  const startedAtMs = road.clock.monotonicMs()

  const take = (exchange: ClientExchange): void => {
    try {
      takeAny(exchange)
    } catch (error) {
      road.onFault(error)
      answerOwnFault(exchange, 'openai', [])
    }
  }

  const takeAny = (exchange: ClientExchange): void => {
    const match = matchEndpoint(exchange.method, exchange.path, exchange.headers, exchange.query)
    if (match === null) return takeOther(exchange)
    if (draining) return answerStopping(exchange, match.dialect)
    const current = road
    const arrival = arrive(current, exchange, match)
    const { heldBodies, heldAnswers } = current
    const over = (): void => {
      heldBodies.leave(arrival)
      if (heldAnswers.has(arrival)) exchange.onTaken(() => heldAnswers.leave(arrival))
    }
    takeCall(current, arrival).then(over, (error: unknown) => {
      over()
      current.onFault(new CallFault(arrival, error))
      answerOwnFault(exchange, match.dialect, ['x-request-id', arrival.requestId])
    })
  }

  const takeOther = (exchange: ClientExchange): void => {
    const { method, path } = exchange
    if (!isPath(path)) return answerNoPath(exchange)
    // Probes of some ask by HEAD.
    const isRead = method === 'GET' || method === 'HEAD'
    if (isRead && path === '/health') {
      const upSeconds = Math.floor((road.clock.monotonicMs() - startedAtMs) / 1000)
      return answerJson(exchange, 200, { status: 'healthy', version: parts.version, uptime_seconds: upSeconds })
    }
    if (isRead && path === '/ready') return answerReady(exchange, draining, road)
    if (path === metricsPath) return parts.metrics.take(exchange, parts.host)
    if (parts.incoming.take(road, exchange, draining)) return
    const allowed = otherMethods(exchange)
    if (allowed.length > 0 && opensWebSocket(exchange)) answerNoWebSocket(exchange, allowed)
    else if (allowed.length > 0) answerWrongMethod(exchange, allowed)
    else parts.handOff(exchange)
  }

  return {
    take,
    knows: (asker) => admit(road, asker, road.clock.wallMs()).kind === 'admitted',
    ready: () => !draining && road.journal.refusal() === null,
    layRoad(next) {
      road = next
    },
    async drain(deadlineMs) {
      draining = true
      const { running, timers } = road
      running.closed = true
      road.budgets.stopWaiting()
      road.heldBodies.stopWaiting()
      const timer = timers.after(deadlineMs, () => running.interruptAll())
      await running.idle()
      timer.cancel()
    },
  }
}

/** By which methods the path is one of an API, where it is. */
function otherMethods({ path, headers, query }: ClientExchange): string[] {
  return ['GET', 'POST', 'DELETE'].filter((method) => matchEndpoint(method, path, headers, query) !== null)
}

function answerWrongMethod(exchange: ClientExchange, allowed: readonly string[]): void {
  const { method, path } = exchange
  const message = `${path} takes ${allowed.join(' or ')}, not ${method}.`
  answerInItsApi(exchange, allowed, { code: 'method_not_allowed', message, headers: ['allow', allowed.join(', ')] })
}

/** The first step of a WebSocket. By the header that no proxy in between takes off, as nginx does with `upgrade`. */
function opensWebSocket({ method, headers }: ClientExchange): boolean {
  return method === 'GET' && headers['sec-websocket-key'] !== undefined
}

/**
 * Codex asks for `/v1/responses` as a WebSocket first. On 426 it goes on over HTTP at once; every other answer it takes
 * for a fault that passes, and tries again for ten seconds (https://github.com/openai/codex/issues/43353).
 */
function answerNoWebSocket(exchange: ClientExchange, allowed: readonly string[]): void {
  const message = `WebSockets are not served. ${exchange.path} takes ${allowed.join(' or ')} over HTTP.`
  const headers = ['upgrade', 'HTTP/1.1', 'connection', 'upgrade, close']
  answerInItsApi(exchange, allowed, { code: 'websocket_not_served', message, headers })
}

/** In the words of the API whose path it is. */
function answerInItsApi(exchange: ClientExchange, [method = '']: readonly string[], fault: FrontDoorFault): void {
  const { path, headers, query } = exchange
  answerFault(exchange, matchEndpoint(method, path, headers, query)?.dialect ?? 'openai', fault)
}

function isPath(target: string): boolean {
  if (!target.startsWith('/')) return false
  try {
    decodeURIComponent(target)
    return true
  } catch {
    return false
  }
}

/** `OPTIONS *` asks about the server as a whole (RFC 9110, 9.3.7); nothing else may be asked without a path. */
function answerNoPath(exchange: ClientExchange): void {
  const { method, path } = exchange
  if (method === 'OPTIONS' && path === '*') {
    return exchange.answer(200, ['allow', 'GET, POST, PATCH, DELETE, OPTIONS'], noBytes)
  }
  const message = 'The target of the request is not a path, such as /v1/models, in valid percent-encoding.'
  answerFault(exchange, 'openai', { code: 'invalid_request', message })
}

function answerReady(exchange: ClientExchange, draining: boolean, road: Road): void {
  const refusal = road.journal.refusal()
  const reason = draining ? 'the gateway is stopping' : (refusal?.message ?? null)
  if (reason === null) answerJson(exchange, 200, { status: 'ready', calls_in_flight: road.running.count })
  else answerJson(exchange, 503, { status: 'not_ready', reason })
}

function answerJson(exchange: ClientExchange, status: number, body: object): void {
  exchange.answer(status, ['content-type', 'application/json'], Buffer.from(JSON.stringify(body)))
}

function answerStopping(exchange: ClientExchange, dialect: Dialect): void {
  answerFault(exchange, dialect, { ...stopping, headers: ['retry-after', '1', 'connection', 'close'] })
}

/** A fault of ours: the caller must not take a part for the whole, nor wait for ever. */
function answerOwnFault(exchange: ClientExchange, dialect: Dialect, headers: readonly string[]): void {
  if (exchange.gone) return
  if (exchange.started) return exchange.breakOff()
  const message = 'The gateway failed to handle this call. Its log says why; the call id is in the ledger.'
  answerFault(exchange, dialect, { code: 'internal_error', message, headers })
}

/** Why a request does not get onto the road. */
interface FrontDoorFault {
  readonly code: RefusalCode
  readonly message: string
  readonly headers?: readonly string[]
}

function answerFault(
  exchange: ClientExchange,
  dialect: Dialect,
  { code, message, headers = [] }: FrontDoorFault,
): void {
  const status = refusalStatus[code]
  const body = shapeError(dialect, { status, code, message })
  exchange.answer(status, ['content-type', 'application/json', ...headers], body)
}
