import type { Timers } from '#ports.ts'
import type { RequestReading, RequestToRead } from '#providers/requests/read-request.ts'
import { AskedThread } from './asked-thread.ts'

interface LargeReading {
  readonly reading: RequestReading
  /** The one that was given to be read. */
  readonly body: Buffer
}

/** Across the thread's border a Buffer is no more than the memory it is in. */
export interface LargeQuestion {
  readonly request: Omit<RequestToRead, 'body'>
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface LargeAnswer {
  readonly reading: RequestReading
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** What a large body once took, 100 MB and more, is given back when no other has come for this long; a start takes 0.1 s. */
const idleMs = 300_000

/** Reads large requests on a thread of its own: to parse one can take a second, in which no other call would move. */
export class LargeRequests {
  readonly #thread: AskedThread<LargeQuestion, LargeAnswer>

  constructor(timers: Timers) {
    this.#thread = new AskedThread(new URL('./large-requests-worker.ts', import.meta.url), { idleMs, timers })
  }

  /**
   * As `readRequest` does. The body is not copied: until it is read it is gone from where it was. Whoever they come from
   * take turns, so that nobody waits for all that somebody else has sent.
   * @throws Error where the thread died of it.
   */
  async read({ body, ...request }: RequestToRead, from: string): Promise<LargeReading> {
    const bytes = ownMemory(body)
    const { reading, bytes: back } = await this.#thread.ask({ request, bytes }, { from, given: [bytes.buffer] })
    return { reading, body: Buffer.from(back.buffer, back.byteOffset, back.byteLength) }
  }

  close(): Promise<void> {
    return this.#thread.close()
  }
}

/** The bytes in memory that nothing else is in. */
function ownMemory(body: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = body
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(body)
}
