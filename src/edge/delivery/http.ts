import { Agent, buildConnector, type Dispatcher } from 'undici'
import type { DeliveryAnswer, OutgoingRequest } from '#core/alerting/delivery.ts'
import { retryAfterOf } from '../retry-after.ts'
import { type AddressGuard, AddressRefused } from './addresses.ts'
import type { Censor } from './detail.ts'

/** As much of an answer is read: more than any of these services says. */
const mostAnswerBytes = 4096
const keepAliveMs = 30_000
const connectionsEach = 4

export interface DeliveryLimits {
  readonly connectTimeoutMs: number
  /** From when the connection stands to the end of the answer. */
  readonly answerTimeoutMs: number
}

/** Connections to receivers, kept open for the next message. Redirects are not followed. */
export function openAgent(guard: AddressGuard, { connectTimeoutMs, answerTimeoutMs }: DeliveryLimits): Agent {
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false, lookup: guard.lookup })
  return new Agent({
    connections: connectionsEach,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
    connect: (options, callback) => {
      const refused = guard.check(options.hostname)
      if (refused === null) connect(options, callback)
      else callback(refused, null)
    },
  })
}

/** One POST and what came of it. */
export async function post(
  agent: Dispatcher,
  request: OutgoingRequest,
  { limits, censor, nowMs, retry }: PostContext,
): Promise<DeliveryAnswer> {
  const deadline = AbortSignal.timeout(limits.connectTimeoutMs + limits.answerTimeoutMs)
  try {
    const url = new URL(request.url)
    const { statusCode, headers, body } = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Tollgate',
        ...request.headers,
      },
      body: request.body,
      signal: deadline,
    })
    const { text, cut } = await beginning(body)
    const said = censor(text, cut)
    const detail = `answered ${statusCode}${said === '' ? '' : `: ${said}`}`
    if (statusCode >= 200 && statusCode < 300) return { ok: true, status: statusCode, detail }
    const retryAfterMs = retryAfterOf(headers, nowMs)
    return { ok: false, status: statusCode, detail, retryable: mayPass(statusCode, retry), retryAfterMs }
  } catch (error) {
    return { ok: false, status: null, ...faultOf(error), retryAfterMs: null }
  }
}

interface PostContext {
  readonly limits: DeliveryLimits
  readonly censor: Censor
  readonly nowMs: number
  readonly retry: 'service' | 'any'
}

/** What is left of a longer answer is not waited for; its connection is closed then. */
async function beginning(body: Dispatcher.ResponseData['body']): Promise<{ text: string; cut: boolean }> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > mostAnswerBytes) break
  }
  // undici takes a connection for busy until its turn is over: a message sent at once would open another.
  await new Promise(setImmediate)
  return { text: Buffer.concat(chunks).subarray(0, mostAnswerBytes).toString(), cut: bytes > mostAnswerBytes }
}

function mayPass(status: number, retry: 'service' | 'any'): boolean {
  if (status >= 500 || [408, 425, 429].includes(status)) return true
  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#delivery-success-and-failure
  return retry === 'any' && status >= 400 && status !== 410
}

const faults: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'the connection was not established in time',
  ETIMEDOUT: 'the connection was not established in time',
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name could not be looked up',
  EHOSTUNREACH: 'the address cannot be reached',
  ENETUNREACH: 'the address cannot be reached',
  UND_ERR_SOCKET: 'the connection was closed before an answer came',
  ECONNRESET: 'the connection was closed before an answer came',
  EPIPE: 'the connection was closed before an answer came',
  UND_ERR_HEADERS_TIMEOUT: 'no answer came in time',
  UND_ERR_BODY_TIMEOUT: 'the answer did not end in time',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
}

/** By its code alone: messages of errors name addresses. */
export function faultOf(error: unknown): { readonly detail: string; readonly retryable: boolean } {
  if (error instanceof AddressRefused) return { detail: error.message, retryable: false }
  if (error instanceof Error && error.name === 'TimeoutError')
    return { detail: 'no answer came in time', retryable: true }
  if (error instanceof AggregateError && error.errors.length > 0) return faultOf(error.errors[0])
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'ERR_INVALID_URL') return { detail: 'the address is not a valid URL', retryable: false }
  const known =
    faults[code] ?? (code.startsWith('HPE_') ? 'the answer was not valid HTTP' : 'the message could not be sent')
  return { detail: code === '' ? known : `${known} (${code})`, retryable: true }
}
