import type { Readable } from 'node:stream'
import { type Dispatcher, errors, Pool } from 'undici'
import {
  type AnswerSink,
  type PendingAnswer,
  type Upstream,
  type UpstreamAnswer,
  UpstreamFault,
  type UpstreamFaultCode,
  type UpstreamRequest,
} from '#ports.ts'

export interface UpstreamPoolOptions {
  /** Scheme, host and port; the path is each request's own. */
  readonly origin: string
  /** Unix socket instead of a TCP connection, or null. */
  readonly socketPath: string | null
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly idleTimeoutMs: number
}

/** Keep-alive connections to one provider. */
export class UpstreamPool implements Upstream {
  readonly #pool: Pool

  constructor(options: UpstreamPoolOptions) {
    this.#pool = new Pool(options.origin, {
      connections: options.maxConnections,
      pipelining: 1,
      allowH2: false,
      headersTimeout: options.firstByteTimeoutMs,
      bodyTimeout: options.idleTimeoutMs,
      connectTimeout: options.connectTimeoutMs,
      keepAliveTimeout: 30_000,
      ...(options.socketPath === null ? {} : { socketPath: options.socketPath }),
    })
  }

  send(request: UpstreamRequest): PendingAnswer {
    const exchange = new Exchange()
    this.#pool.dispatch(
      {
        method: request.method as Dispatcher.HttpMethod,
        path: request.path,
        headers: request.headers as string[],
        body: request.body as Buffer | Readable | null,
      },
      exchange,
    )
    return exchange
  }

  /** Lets running exchanges finish. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  destroy(): Promise<void> {
    return this.#pool.destroy()
  }
}

/**
 * One request and its answer. Head and first bytes often arrive in one packet, before whoever awaits the head has
 * run: they wait in `#early` until there is a sink.
 */
class Exchange implements Dispatcher.DispatchHandler, PendingAnswer, UpstreamAnswer {
  readonly answer: Promise<UpstreamAnswer>
  status = 0
  headers: UpstreamAnswer['headers'] = {}
  #resolve: (answer: UpstreamAnswer) => void = () => {}
  #reject: (fault: UpstreamFault) => void = () => {}
  #controller: Dispatcher.DispatchController | null = null
  #sink: AnswerSink | null = null
  #early: Buffer[] | null = null
  #end: UpstreamFault | 'ended' | null = null
  #abortWanted = false

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  abort(): void {
    this.#abortWanted = true
    this.#controller?.abort(new UpstreamFault('aborted', 'the gateway gave up on this answer'))
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  deliver(sink: AnswerSink): void {
    this.#sink = sink
    const early = this.#early
    this.#early = null
    if (early !== null) for (const chunk of early) sink.bytes(chunk)
    if (this.#end === 'ended') sink.end()
    else if (this.#end !== null) sink.fail(this.#end)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#abortWanted) this.abort()
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.status = status
    this.headers = headers
    this.#resolve(this)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#sink !== null) this.#sink.bytes(chunk)
    else if (this.#early === null) this.#early = [chunk]
    else this.#early.push(chunk)
  }

  onResponseEnd(): void {
    this.#end = 'ended'
    this.#sink?.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#end !== null) return
    const fault = toFault(error, this.status > 0)
    this.#end = fault
    if (this.status === 0) this.#reject(fault)
    else this.#sink?.fail(fault)
  }
}

/** undici's and Node's error codes → ours. Whatever is not listed broke the connection. */
const faultCodes: Readonly<Record<string, UpstreamFaultCode>> = {
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  ETIMEDOUT: 'connect_timeout',
  ECONNREFUSED: 'connect_failed',
  ENOTFOUND: 'connect_failed',
  EAI_AGAIN: 'connect_failed',
  EHOSTUNREACH: 'connect_failed',
  ENETUNREACH: 'connect_failed',
  EACCES: 'connect_failed',
  ENOENT: 'connect_failed',
  CERT_HAS_EXPIRED: 'connect_failed',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'connect_failed',
  SELF_SIGNED_CERT_IN_CHAIN: 'connect_failed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'connect_failed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'connect_failed',
  UND_ERR_HEADERS_TIMEOUT: 'first_byte_timeout',
  UND_ERR_BODY_TIMEOUT: 'idle_timeout',
  UND_ERR_SOCKET: 'reset',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_RESPONSE: 'bad_answer',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'bad_answer',
  UND_ERR_HEADERS_OVERFLOW: 'bad_answer',
}

function toFault(error: Error, afterHead: boolean): UpstreamFault {
  if (error instanceof UpstreamFault) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const named = isNoHttp(error) ? 'bad_answer' : (faultCodes[code] ?? 'reset')
  return new UpstreamFault(named, describe(named, afterHead, code), error)
}

const notHttp: ReadonlySet<string> = new Set(['bad response', 'bad upgrade'])

/**
 * An answer came, but no HTTP: the provider may have done its work, and bill it. undici's parser errors have a code only
 * at times, and it says that `100 Continue` without `Expect`, or a switch of protocols, is a fault of the socket.
 */
function isNoHttp(error: Error): boolean {
  return error instanceof errors.HTTPParserError || notHttp.has(error.message)
}

function describe(code: UpstreamFaultCode, afterHead: boolean, detail: string): string {
  const where = afterHead ? 'in the middle of its answer' : 'before it answered'
  const suffix = detail === '' ? '' : ` (${detail})`
  switch (code) {
    case 'connect_failed':
      return `the provider cannot be reached${suffix}`
    case 'connect_timeout':
      return 'the connection to the provider was not established in time'
    case 'first_byte_timeout':
      return 'the provider did not start to answer in time'
    case 'idle_timeout':
      return 'the provider stopped sending in the middle of its answer'
    case 'reset':
      return `the provider closed the connection ${where}${suffix}`
    case 'bad_answer':
      return `the provider sent something that is not a valid HTTP answer${suffix}`
    case 'unauthorized':
      return "the provider refused the gateway's own key"
    case 'aborted':
      return 'the gateway gave up on this answer'
  }
}
