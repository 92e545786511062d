import { encodeHeader } from '#core/attribution/headers.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import type { ClientExchange, UpstreamAnswer } from '#ports.ts'
import type { PassedEvents } from '#providers/cut-stream.ts'
import type { Dialect } from '#providers/endpoints.ts'
import { shapeError, shapeStreamError } from '#providers/errors.ts'
import { clientHeaders } from '#providers/wire-headers.ts'
import { mayRetry, type Refusal, statusOf } from '../refusal.ts'
import type { Delivery } from './delivery.ts'

/** What every answer carries back, whatever became of the call. */
export interface Echo {
  readonly requestId: string
  readonly costCenter: string
  /** What its budgets say, names and values in turn. They take the place of the provider's of the same name. */
  readonly headers: readonly string[]
}

/** Answers in the gateway's own name, in the shape of the API called. */
export function refuse(exchange: ClientExchange, dialect: Dialect, refusal: Refusal, echo: Echo): void {
  if (exchange.gone) return
  const status = statusOf(refusal)
  const body = shapeError(dialect, {
    status,
    code: refusal.code,
    message: refusal.message,
    requestId: echo.requestId,
    ...(refusal.param === undefined ? {} : { param: refusal.param }),
  })
  const headers = ['content-type', 'application/json']
  pushEcho(headers, echo)
  // Where its SDK looks for it.
  if (dialect === 'anthropic') headers.push('request-id', echo.requestId)
  headers.push(...retryHeaders(refusal, status), ...(refusal.headers ?? echo.headers))
  exchange.answer(status, headers, body)
}

function retryHeaders(refusal: Refusal, status: number): string[] {
  if (refusal.retryAfterMs !== undefined)
    return ['retry-after', String(Math.max(1, Math.ceil(refusal.retryAfterMs / 1000)))]
  if (!mayRetry(refusal.code)) return ['x-should-retry', 'false']
  return status === 503 ? ['retry-after', '1'] : []
}

/** The head of an answer that is passed on as it comes. */
export function startAnswer(exchange: ClientExchange, answer: UpstreamAnswer, echo: Echo, overheadMs: number): void {
  if (exchange.gone) return
  const headers = answerHeaders(answer, echo)
  headers.push('x-tollgate-overhead-ms', overheadMs.toFixed(3))
  exchange.start(answer.status, headers)
}

/** The last bytes: the call is in the ledger now. */
export function finishAnswer(
  exchange: ClientExchange,
  answer: UpstreamAnswer,
  delivery: Delivery,
  settled: { readonly entry: SettleEntry; readonly dialect: Dialect; readonly echo: Echo },
): void {
  if (exchange.gone) return
  const { entry, dialect, echo } = settled
  if (!delivery.started) {
    const headers = answerHeaders(answer, echo)
    // What has no price did not cost nothing: better no amount than a wrong one.
    if (!entry.cost.unpriced) headers.push('x-tollgate-cost-usd', formatUsd(entry.cost.totalPicoUsd))
    headers.push('x-tollgate-overhead-ms', entry.overheadMs.toFixed(3))
    exchange.answer(answer.status, headers, delivery.held)
  } else if (delivery.cut !== null && delivery.passed !== null) {
    exchange.end(Buffer.concat([delivery.held, cutStream(entry, delivery.passed, delivery)]))
  } else if (delivery.cut !== null) {
    exchange.breakOff()
  } else if (delivery.fault === null) {
    exchange.end(delivery.held)
  } else if (delivery.form !== 'opaque') {
    const { errorCode: code, errorMessage: message } = entry
    const last = shapeStreamError(dialect, { status: 502, code, message: sentence(message) }, delivery.form)
    exchange.end(Buffer.concat([delivery.held, last]))
  } else {
    exchange.breakOff()
  }
}

function cutStream(entry: SettleEntry, passed: PassedEvents, { reading }: Delivery): Buffer {
  return passed.last({
    responseId: reading.responseId,
    model: entry.modelServed,
    inputTokens: entry.tokens.input,
    outputTokens: entry.tokens.output,
    createdAtS: Math.floor(entry.call.startedAtMs / 1000),
    code: entry.errorCode,
    message: entry.errorMessage,
  })
}

function answerHeaders(answer: UpstreamAnswer, echo: Echo): string[] {
  const headers = clientHeaders(answer.headers)
  for (let own = 0; own < echo.headers.length; own += 2) {
    const at = headers.indexOf(echo.headers[own] ?? '')
    if (at !== -1 && at % 2 === 0) headers.splice(at, 2)
  }
  pushEcho(headers, echo)
  if (echo.headers.length > 0) headers.push(...echo.headers)
  return headers
}

function pushEcho(headers: string[], { requestId, costCenter }: Echo): void {
  headers.push('x-request-id', requestId)
  if (costCenter !== '') headers.push('x-cost-center', encodeHeader(costCenter))
}

function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
}
