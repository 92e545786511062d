import type { LedgerEntry } from '#core/ledger/entry.ts'

/** Where the process reads time. Wall time may jump; monotonic time never goes back. */
export interface Clock {
  /** Unix time in milliseconds. */
  wallMs(): number
  /** Milliseconds since an arbitrary start, with a fraction. */
  monotonicMs(): number
}

/** What `Timers.after` returns; cancelling twice is harmless. */
export interface Timer {
  cancel(): void
}

export interface Timers {
  after(delayMs: number, run: () => void): Timer
}

/** Source of names and chance. */
export interface Ids {
  /** A new call id: unique over restarts and instances, sorts by time. */
  callId(wallMs: number): string
  /** Uniform in [0, 1), for jitter only: never for secrets. */
  chance(): number
}

/**
 * The write side of the ledger on disk.
 *
 * A resolved `append` means that the entry has been handed to the operating system: it survives the death of this
 * process. Whether it survives the death of the machine depends on the `fsync` setting.
 */
export interface Journal {
  /** @throws JournalFault with code `journal_full` (open entries only) or `journal_closed`. */
  append(entry: LedgerEntry): Promise<void>
  /** Null while new calls may be opened; otherwise why not. */
  refusal(): JournalRefusal | null
  /** Writes and fsyncs what is pending, then releases the directory. */
  close(): Promise<void>
}

export interface JournalRefusal {
  readonly code: 'journal_full' | 'journal_failing'
  /** For people: what is wrong and what to do. */
  readonly message: string
}

/** Names and values in turn, as they stood on the wire. */
export type RawHeaders = readonly string[]

/** One request of a client and the way to answer it. */
export interface ClientExchange {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** From the question mark on, or empty. */
  readonly query: string
  /** Names in lower case; a header that came several times is joined as HTTP says. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly rawHeaders: RawHeaders
  /** True once the client closed the connection before its answer had ended. */
  readonly gone: boolean
  /** @throws BodyFault with code `body_too_large` or `client_gone` */
  readBody(maxBytes: number): Promise<Buffer>
  /** The body as it arrives, for uploads that nobody here needs to read. */
  bodyStream(): NodeJS.ReadableStream
  /** Sends a whole answer. Headers must not contain a length. */
  answer(status: number, headers: RawHeaders, body: Buffer): void
  /** Sends the head of an answer whose body follows by `write`. */
  start(status: number, headers: RawHeaders): void
  /** False: the client reads slowly, wait for `onDrain`. */
  write(chunk: Buffer): boolean
  end(chunk: Buffer): void
  /** Closes the connection without an orderly end, so that the client sees that the answer is not whole. */
  breakOff(): void
  onDrain(run: () => void): void
  /** Called at most once, also if the client is gone already. */
  onGone(run: () => void): void
}

export class BodyFault extends Error {
  override readonly name = 'BodyFault'
  readonly code: 'body_too_large' | 'client_gone'
  constructor(code: BodyFault['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** One provider as the road sees it. */
export interface Upstream {
  send(request: UpstreamRequest): PendingAnswer
}

export interface UpstreamRequest {
  readonly method: string
  readonly path: string
  readonly headers: RawHeaders
  readonly body: Buffer | NodeJS.ReadableStream | null
}

export interface PendingAnswer {
  /** Resolves with the head of the answer. @throws UpstreamFault */
  readonly answer: Promise<UpstreamAnswer>
  /** Gives up: the answer, or its sink, gets a fault of code `aborted`. */
  abort(): void
}

export interface UpstreamAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Hands over the body: what has arrived already at once, the rest as it comes. To be called once. */
  deliver(sink: AnswerSink): void
  pause(): void
  resume(): void
}

export interface AnswerSink {
  bytes(chunk: Buffer): void
  end(): void
  fail(fault: UpstreamFault): void
}

export type UpstreamFaultCode =
  | 'connect_failed'
  | 'connect_timeout'
  | 'first_byte_timeout'
  | 'idle_timeout'
  | 'reset'
  | 'bad_answer'
  | 'aborted'

export class UpstreamFault extends Error {
  override readonly name = 'UpstreamFault'
  readonly code: UpstreamFaultCode
  constructor(code: UpstreamFaultCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
