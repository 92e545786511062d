import { Agent } from 'undici'
import type { ExportOutcome } from '#core/telemetry/signals.ts'
import { retryAfterOf } from '../retry-after.ts'

export interface OtlpTarget {
  /** Without a trailing slash; the path of each signal is added to it. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** What a collector says of what it has not taken: in its answer, where it is asked in protobuf. */
interface PartialSuccess {
  readonly rejected: number
  readonly message: string
}

export interface OtlpPost {
  /** `/v1/traces` or `/v1/metrics`. */
  readonly path: string
  readonly body: Uint8Array
  /** @throws where the answer cannot be read. */
  readonly readAnswer: (answer: Uint8Array) => PartialSuccess
  readonly nowMs: number
  readonly signal: AbortSignal
}

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes; all others are for good. */
const retryableStatus: ReadonlySet<number> = new Set([429, 502, 503, 504])
const mostAnswerBytes = 64 * 1024
const mostDetailChars = 200

/** OTLP over HTTP: one POST of protobuf at a time, each bounded in time. Redirects are not followed. */
export class OtlpSender {
  readonly #target: OtlpTarget
  readonly #agent: Agent

  constructor(target: OtlpTarget) {
    const { timeoutMs } = target
    this.#target = target
    this.#agent = new Agent({ connections: 2, pipelining: 1, connectTimeout: timeoutMs, keepAliveTimeout: 60_000 })
  }

  async post({ path, body, readAnswer, nowMs, signal }: OtlpPost): Promise<ExportOutcome> {
    const { endpoint, headers, timeoutMs } = this.#target
    try {
      const url = new URL(`${endpoint}${path}`)
      const answer = await this.#agent.request({
        origin: url.origin,
        path: url.pathname,
        method: 'POST',
        headers: { 'user-agent': 'Tollgate', ...headers, 'content-type': 'application/x-protobuf' },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      })
      const { statusCode } = answer
      const said = await wholeAnswer(answer.body)
      if (statusCode >= 200 && statusCode < 300) return delivered(said, readAnswer)
      const detail = `it answered ${statusCode}`
      if (!retryableStatus.has(statusCode)) return { kind: 'refused', detail }
      return { kind: 'failed', detail, retryAfterMs: retryAfterOf(answer.headers, nowMs) }
    } catch (error) {
      return { kind: 'failed', detail: faultOf(error), retryAfterMs: null }
    }
  }

  /** What is under way fails. */
  close(): Promise<void> {
    return this.#agent.destroy()
  }
}

/** An answer that cannot be read says no less than its status does. */
function delivered(answer: Uint8Array, readAnswer: OtlpPost['readAnswer']): ExportOutcome {
  if (answer.length === 0) return { kind: 'delivered', rejected: 0, detail: '' }
  try {
    const { rejected, message } = readAnswer(answer)
    return { kind: 'delivered', rejected: Math.max(0, rejected), detail: message.slice(0, mostDetailChars) }
  } catch {
    return { kind: 'delivered', rejected: 0, detail: 'its answer could not be read' }
  }
}

async function wholeAnswer(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > mostAnswerBytes) break
  }
  return Buffer.concat(chunks)
}

/** By its code alone: the text of some faults repeats what was sent. */
function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it could not be asked'
  if (error.name === 'TimeoutError') return 'it did not answer in time'
  if (error.name === 'AbortError') return 'the export was ended'
  return `it could not be asked (${'code' in error ? String(error.code) : error.name})`
}
