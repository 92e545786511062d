import type { AlertCommit, AlertRecord, AlertsQuestion, PendingNotification } from '#core/alerting/outbox.ts'
import type { Silence } from '#core/alerting/routing.ts'
import type { NewKey, StoredKey } from '#core/keys/key.ts'
import type { LedgerEntry, SettleEntry, TraceLink } from '#core/ledger/entry.ts'
import type {
  BookedAnswer,
  BookedQuestion,
  RecordsAnswer,
  RecordsQuestion,
  SumsAnswer,
  SumsQuestion,
} from '#core/ledger/questions.ts'
import type { PicoUsd } from '#core/money/pico-usd.ts'

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
  /** 32 digits of lower-case hex, random and not all zero: the id of a trace, as W3C Trace Context has them. */
  traceId(): string
  /** The same with 16 digits: the id of a span. */
  spanId(): string
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

/** A cost that was metered elsewhere, as far as it tells a redelivery from a new one. */
export interface ExternalEvent {
  /** Follows from the source and the event's id, so that the same event always has the same. */
  readonly callId: string
  readonly source: string
  readonly eventId: string
  readonly picoUsd: PicoUsd
}

/** Which costs metered elsewhere are in the ledger already. */
export interface ExternalEvents {
  /** What the event was booked with; null where it is not in the ledger. */
  amountOf(callId: string): Promise<PicoUsd | null>
  /** Brings the event's entry into the journal by `enter`, and knows the event once that has resolved. */
  remember(event: ExternalEvent, enter: () => Promise<void>): Promise<void>
  /** Null while events can be remembered; otherwise why not, for people. */
  refusal(): string | null
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
  /** True once the head of an answer was sent or is about to be. */
  readonly started: boolean
  /**
   * The whole body, or why there is none: a body that is not to be had is nothing unexpected. No promise where either
   * is known already.
   *
   * @param room asked before more than a little is held; until it says yes the rest stays with the client
   */
  readBody(maxBytes: number, room?: BodyRoom): Promise<Buffer | BodyFault> | Buffer | BodyFault
  /** The body as it arrives, for uploads that nobody here needs to read. */
  bodyStream(): NodeJS.ReadableStream
  /** Sends a whole answer. Headers must not contain a length. */
  answer(status: number, headers: RawHeaders, body: Buffer): void
  /** Sends the head of an answer whose body follows by `write`. */
  start(status: number, headers: RawHeaders): void
  /** Puts the head on the wire before the first byte of the body is there. */
  flushHead(): void
  /** False: the client reads slowly, wait for `onDrain`. */
  write(chunk: Buffer): boolean
  end(chunk: Buffer): void
  /** Closes the connection without an orderly end, so that the client sees that the answer is not whole. */
  breakOff(): void
  onDrain(run: () => void): void
  /** Called at most once, also if the client is gone already. */
  onGone(run: () => void): void
  /** Of an answer that has ended: called once nothing of it waits for the client any more, or the client is gone. */
  onTaken(run: () => void): void
}

/** What of a request says who asks. */
export type Asker = Pick<ClientExchange, 'headers' | 'query'>

export interface BodyFault {
  readonly kind: 'fault'
  readonly code: 'body_too_large' | 'client_gone' | 'requests_full'
  readonly message: string
}

/** Room for one body. */
export interface BodyRoom {
  /** To be called once at most. False: none has come free for so long that the body is not to be read. */
  enter(bytes: number): Promise<boolean> | boolean
  /** The body came to less than was asked for. */
  shrink(bytes: number): void
}

/** One provider as the road sees it. */
export interface Upstream {
  /** @param over `new` = not a kept connection, which might be closed just now, unless it has to wait for one. Default: any */
  send(request: UpstreamRequest, over?: 'any' | 'new'): PendingAnswer
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
  | 'unauthorized'
  | 'aborted'

export class UpstreamFault extends Error {
  override readonly name = 'UpstreamFault'
  readonly code: UpstreamFaultCode
  constructor(code: UpstreamFaultCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** What reports ask. Its answers hold what the ingester has inserted, nothing later. */
export interface UsageStore {
  sums(question: SumsQuestion): Promise<SumsAnswer>
  records(question: RecordsQuestion): Promise<RecordsAnswer>
  booked(question: BookedQuestion): Promise<BookedAnswer>
}

/** What an instance keeps about itself and its keys. Every secret is kept as its SHA-256 only. */
export interface Settings {
  /** All keys, revoked ones too, oldest first. */
  keys(): Promise<readonly StoredKey[]>
  /** The answer holds the only copy of the secret. A revoked key still holds its name, as records bear it. */
  createKey(key: NewKey): Promise<CreatedKey | { readonly kind: 'name_taken' }>
  /** Revoking twice is harmless; the first instant stays. */
  revokeKey(name: string): Promise<{ readonly kind: 'revoked'; readonly key: StoredKey } | UnknownKey>
  /** Gives a key a new secret; those it had end after the grace, or sooner where they end sooner anyway. */
  rotateKey(name: string, graceMs: number): Promise<CreatedKey | UnknownKey | { readonly kind: 'revoked' }>
  /** SHA-256 of the admin tokens in force, lower-case hex. */
  adminTokenDigests(): Promise<readonly string[]>
  /** Makes a new admin token, which ends all earlier ones at once. The answer is its only copy. */
  rotateAdminToken(): Promise<string>
  /** All tokens that have a role, revoked ones too, oldest first. */
  tokens(): Promise<readonly ApiToken[]>
  /** SHA-256 of the tokens of a role that are in force, lower-case hex. */
  tokenDigests(role: TokenRole): Promise<readonly string[]>
  /** The answer holds the only copy of the token. */
  createToken(token: NewToken): Promise<CreatedToken | { readonly kind: 'name_taken' }>
  /** Revoking twice is harmless; the first instant stays. */
  revokeToken(name: string): Promise<{ readonly kind: 'revoked'; readonly token: ApiToken } | UnknownToken>
  /** Secrets of a first start, made at most once however many ask; see `ensureFirstSecrets`. */
  makeFirstSecrets(wanted: FirstSecretsWanted): Promise<FirstSecrets>
  instance(): Promise<Instance>
  /** Changes whenever keys or tokens may have changed, whichever process changed them. Cheap enough to be polled. */
  version(): number
  /** True where the file that was opened has been moved away, deleted or replaced: what changes at its place is not seen here. */
  replaced(): boolean
  /**
   * From now on nothing waits for another process: what cannot be had at once throws. For who serves calls on the same
   * thread. Reading goes on while others write.
   */
  neverWait(): void
  close(): Promise<void>
}

export interface CreatedKey {
  readonly kind: 'created'
  readonly key: StoredKey
  readonly secret: string
}

/** scraper: may read /metrics and nothing else. */
export const tokenRoles = ['scraper'] as const

export type TokenRole = (typeof tokenRoles)[number]

export interface NewToken {
  readonly name: string
  readonly role: TokenRole
}

/** A token that may do less than an admin's. */
export interface ApiToken extends NewToken {
  /** How it begins. */
  readonly prefix: string
  readonly createdAtMs: number
  readonly revokedAtMs: number | null
}

export interface CreatedToken {
  readonly kind: 'created'
  readonly token: ApiToken
  readonly secret: string
}

export interface UnknownToken {
  readonly kind: 'unknown'
}

export interface UnknownKey {
  readonly kind: 'unknown'
}

export interface FirstSecretsWanted {
  readonly adminToken: boolean
  readonly firstKey: boolean
}

/** Null = there was one already, or none was wanted. */
export interface FirstSecrets {
  readonly adminToken: string | null
  readonly firstKey: string | null
}

export interface Instance {
  /** Random, made at the first start; stays with the data directory. */
  readonly id: string
  /** The key of the prompt hash: without it nobody can tell which prompt a hash stands for. */
  readonly promptHashSecret: string
}

/** The journal as what follows from it sees it: settled calls in their order, also while they are being written. */
export interface EntryFeed {
  /** About so many at most; none at the end. @throws JournalFault */
  next(maxEntries: number): Promise<EntryBatch>
  /** Resolves as soon as there may be more. */
  more(): Promise<void>
  close(): Promise<void>
}

export interface EntryBatch {
  readonly entries: readonly SettleEntry[]
  /** Opens the feed behind them; null where nothing was read. */
  readonly bookmark: string | null
  /** Lines that cannot be understood, and were left out. */
  readonly skipped: number
}

/** The journal as the export of spans sees it: the ends of traced calls in their order, each with its trace. */
export interface TracedFeed {
  /** Out of about so many entries at most; see `EntryFeed`. @throws JournalFault */
  next(maxEntries: number): Promise<TracedBatch>
  more(): Promise<void>
  /** The place behind the last batch; null where nothing was read yet. */
  place(): TracedPlace | null
  close(): Promise<void>
}

export interface TracedBatch {
  readonly calls: readonly TracedCall[]
  /** False at the journal's end. */
  readonly read: boolean
  /** Traces of calls that are not over, let go because there were too many. */
  readonly forgotten: number
}

export interface TracedCall {
  readonly entry: SettleEntry
  readonly link: TraceLink
}

/** Opens the feed anew. */
export interface TracedPlace {
  readonly bookmark: string
  /** Call ids and traces of the calls that were not over there. */
  readonly open: readonly (readonly [callId: string, link: TraceLink])[]
}

/** How far the journal has been exported. */
export interface ExportPlace {
  /** Null where there is none yet, or none that can be read: what that leads to is told, and nothing that is owed. */
  read(): TracedPlace | null
  /** On disk when it returns, the old one or the new one at any moment. */
  write(place: TracedPlace): void
}

/** Null = from the oldest entry on; `until` another bookmark, where one is given. */
export type OpenEntryFeed = (bookmark: string | null, until?: string) => Promise<EntryFeed>

/** Alerts, and the outbox of those who are told, on disk. */
export interface AlertStore {
  /** All of it or nothing. On disk when it resolves. */
  commit(commit: AlertCommit): Promise<void>
  /** The parts of the state as they were last committed. */
  state(): Promise<ReadonlyMap<string, string>>
  /** What a receiver is to be told next: the oldest that has not arrived. */
  nextPending(receiver: string): Promise<PendingNotification | null>
  /** What nobody delivers any more, because its receiver is none of these and its time is up, is given up. */
  expire(nowMs: number, receivers: readonly string[]): Promise<void>
  alerts(question: AlertsQuestion): Promise<readonly AlertRecord[]>
  alert(id: string): Promise<AlertRecord | null>
  /** How many messages have not arrived yet, by receiver. */
  waiting(): Promise<ReadonlyMap<string, number>>
  /** Makes an alert's notifications pending again; the number of them. */
  replay(alertId: string, nowMs: number): Promise<number>
  /** Those that have not ended. */
  silences(nowMs: number): Promise<readonly Silence[]>
  addSilence(silence: Silence, nowMs: number): Promise<void>
  /** False where there is none that has not ended. */
  endSilence(id: string, nowMs: number): Promise<boolean>
  /** Deletes what is over and was made before. */
  prune(beforeMs: number): Promise<void>
}
