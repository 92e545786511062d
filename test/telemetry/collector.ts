import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { decodePoints, decodeSpans, type ReceivedPoint, type ReceivedSpan } from './otlp-messages.ts'

export type CollectorMode =
  | { readonly kind: 'takes' }
  /** `body` is what it says of what it has not taken. */
  | {
      readonly kind: 'answers'
      readonly status: number
      readonly body?: Uint8Array
      readonly headers?: Record<string, string>
    }
  /** Takes the request and never answers. */
  | { readonly kind: 'hangs' }

/** An OpenTelemetry collector: takes OTLP over HTTP, keeps what it took, and answers as it is told to. */
export class Collector {
  readonly spans: ReceivedSpan[] = []
  /** Of the latest export of each: cumulative, so it holds all before. */
  points: readonly ReceivedPoint[] = []
  readonly headers: IncomingHttpHeaders[] = []
  requests = 0
  mode: CollectorMode = { kind: 'takes' }
  readonly #server: Server
  #port = 0

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        this.requests += 1
        this.headers.push(request.headers)
        const { mode } = this
        if (mode.kind === 'hangs') return
        if (mode.kind === 'answers') {
          response.writeHead(mode.status, mode.headers)
          response.end(mode.body)
          if (mode.status !== 200) return
        }
        this.#take(request.url ?? '', Buffer.concat(chunks))
        if (mode.kind === 'takes') response.end()
      })
    })
  }

  static async start(port = 0): Promise<Collector> {
    const collector = new Collector()
    await collector.#listen(port)
    return collector
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the collector has no port')
    this.#port = address.port
  }

  #take(path: string, body: Buffer): void {
    if (path.endsWith('/v1/traces')) this.spans.push(...decodeSpans(body))
    else if (path.endsWith('/v1/metrics')) this.points = decodePoints(body)
    else throw new Error(`nothing is exported to ${path}`)
  }

  /** Nobody listens any more; `up` takes the same address again. */
  async down(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  up(): Promise<void> {
    return this.#listen(this.#port)
  }
}
