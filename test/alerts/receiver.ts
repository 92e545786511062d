import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Got {
  /** The notification's. */
  readonly id: string
  readonly alerts: readonly GotAlert[]
  readonly body: string
  /** When its first byte was there. */
  readonly atMs: number
  /** Whether it was taken. */
  readonly taken: boolean
}

export interface GotAlert {
  readonly id: string
  readonly fingerprint: string
  readonly status: 'firing' | 'resolved'
  readonly type: string
  readonly labels: Readonly<Record<string, string>>
}

type Behaviour = (response: ServerResponse) => boolean | Promise<boolean>

export const takes: Behaviour = (response) => {
  response.end('thanks')
  return true
}

/** Answers with a status. */
export function refuses(status: number, headers: Record<string, string> = {}): Behaviour {
  return (response) => {
    response.writeHead(status, headers).end('no')
    return false
  }
}

/** A webhook of a test's own. What it makes of a message is decided by `behave`: true = it has taken it. */
export class FakeReceiver {
  readonly got: Got[] = []
  behave: Behaviour = takes
  readonly #server = createServer((request, response) => void this.#take(request, response))

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`
  }

  /** What it has taken. */
  get taken(): readonly Got[] {
    return this.got.filter(({ taken }) => taken)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const atMs = Date.now()
    try {
      const body = await text(request)
      const taken = await this.behave(response)
      // Only our own form lists its alerts.
      const { data } = JSON.parse(body)
      this.got.push({ id: String(request.headers['webhook-id']), alerts: data?.alerts ?? [], body, atMs, taken })
    } catch {
      // Its sender was killed in the middle of it.
      response.destroy()
    }
  }
}
