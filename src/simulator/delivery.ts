import type { ServerResponse } from 'node:http'
import type { Clock, Timer, Timers } from '#ports.ts'
import { type Answer, isStream } from './answer.ts'
import type { Delivered } from './bill.ts'
import { type Directives, noDirectives } from './directives.ts'
import { type Piece, planStream, planWhole, type SendPlan } from './faulty.ts'
import type { Pace } from './pace.ts'
import type { Dialect } from './refusal.ts'

export interface Time {
  readonly clock: Clock
  readonly timers: Timers
}

/** One answer on its way out. */
interface Delivery {
  readonly response: ServerResponse
  readonly answer: Answer
  /** Names and values in turn, of headers that every answer of this API has. */
  readonly usualHeaders: readonly string[]
  readonly directives: Directives
  readonly dialect: Dialect
  readonly pace: Pace
  /** Monotonic time at which the request was there. */
  readonly startedAtMs: number
  readonly time: Time
  /**
   * Puts the answer on the bill with the output tokens sent by then; `booked` is called once that is written. Called
   * before the last byte goes out.
   */
  readonly book: (delivered: Delivered, outputTokens: number, booked: () => void) => void
}

const nothing = () => {}

/** A Unix socket knows no reset: to its client the connection ends where a TCP client is told of one. */
function tearDown({ socket }: ServerResponse): void {
  if (socket?.remoteFamily === undefined) socket?.destroy()
  else socket.resetAndDestroy()
}

/** Sends an answer at its pace, with the faults it is to have, and puts it on the bill. Never throws. */
export function deliver(delivery: Delivery): void {
  const { response, answer, directives, pace } = delivery
  const { body } = answer
  if (directives.resetAfter === -1) {
    delivery.book('broken', 0, () => tearDown(response))
    return
  }
  const tokens = answer.charge?.counts.outputTokens ?? 0
  if (isStream(body)) {
    new Sender(delivery, planStream(body, directives, delivery.dialect), 0).begin()
  } else if (pace.instant && directives === noDirectives) {
    delivery.book('whole', tokens, () => {
      const ascii = answer.ascii === true
      const length = ascii ? body.length : Buffer.byteLength(body)
      response.writeHead(answer.status, [...headerList(delivery), 'content-length', String(length)])
      response.end(body, ascii ? 'latin1' : 'utf8')
    })
  } else {
    // A whole answer leaves when all of it is generated; a refusal at once.
    const dueMs = answer.charge === null ? 0 : pace.dueMs(tokens)
    new Sender(delivery, planWhole(Buffer.from(body as string), tokens, directives), dueMs).begin()
  }
}

/** Names and values in turn: what `writeHead` need not look through. */
function headerList(delivery: Delivery): string[] {
  const list = [...delivery.usualHeaders]
  const { headers } = delivery.answer
  for (const name in headers) list.push(name, headers[name] ?? '')
  return list
}

const batchLength = 16_384

/** Sends pieces when they are due, no faster than the client reads, and books them before the last one. */
class Sender {
  readonly #delivery: Delivery
  readonly #plan: SendPlan
  readonly #headDueMs: number
  #next = 0
  #pausedBefore = -1
  /** What the pauses so far have put everything after them off by. */
  #lateMs = 0
  #sentTokens = 0
  #timer: Timer | null = null
  #over = false

  constructor(delivery: Delivery, plan: SendPlan, headDueMs: number) {
    this.#delivery = delivery
    this.#plan = plan
    this.#headDueMs = headDueMs
  }

  begin(): void {
    const { response, directives, pace } = this.#delivery
    response.once('close', this.#leave)
    response.on('error', nothing)
    if (directives.stallAfter === -1) this.#pause(directives.stallMs ?? Number.POSITIVE_INFINITY, this.#sendHead)
    else this.#at(Math.max(this.#headDueMs, pace.instant ? 0 : pace.dueMs(0)), this.#sendHead)
  }

  readonly #sendHead = (): void => {
    const { response, answer, directives, pace } = this.#delivery
    const headers = headerList(this.#delivery)
    const { contentLength, ending, pieces } = this.#plan
    if (directives.gzip) headers.push('content-encoding', 'gzip')
    else if (contentLength !== null) headers.push('content-length', String(contentLength))
    if (ending === 'close') headers.push('connection', 'close')
    response.writeHead(answer.status, headers)
    if (isStream(answer.body) && (!pace.instant || pieces.length === 0 || this.#plan.broken)) response.flushHeaders()
    this.#advance()
  }

  readonly #leave = (): void => {
    if (this.#over) return
    this.#over = true
    this.#timer?.cancel()
    const whole = isStream(this.#delivery.answer.body) ? this.#sentTokens : Number.MAX_SAFE_INTEGER
    this.#delivery.book('aborted', whole, nothing)
  }

  readonly #advance = (): void => {
    if (this.#over) return
    const { pieces, apart } = this.#plan
    const last = pieces.length - 1
    const nowMs = this.#delivery.time.clock.monotonicMs() - this.#delivery.startedAtMs + 0.5
    let batch = ''
    let free = true
    while (this.#next < last && free) {
      const piece = pieces[this.#next]
      if (piece === undefined || this.#mustPause(piece) || this.#dueMs(piece) > nowMs) break
      this.#sentTokens = piece.outputTokens
      this.#next++
      if (apart || typeof piece.text !== 'string') free = this.#write(piece.text)
      else batch += piece.text
      if (batch.length >= batchLength) {
        free = this.#write(batch)
        batch = ''
      }
    }
    if (batch !== '') free = this.#write(batch)
    this.#schedule(free)
  }

  #schedule(free: boolean): void {
    const piece = this.#plan.pieces[this.#next]
    if (!free) this.#delivery.response.once('drain', this.#advance)
    else if (piece === undefined) this.#finish(null)
    else if (this.#mustPause(piece)) {
      this.#pausedBefore = this.#next
      this.#pause(piece.pauseMs ?? 0, this.#advance)
    } else {
      const isLast = this.#next === this.#plan.pieces.length - 1
      this.#at(this.#dueMs(piece), isLast ? () => this.#finish(piece) : this.#advance)
    }
  }

  #finish(piece: Piece | null): void {
    if (this.#over) return
    this.#over = true
    const { response } = this.#delivery
    const tokens = piece?.outputTokens ?? this.#sentTokens
    this.#delivery.book(this.#plan.broken ? 'broken' : 'whole', tokens, () => {
      if (this.#plan.ending === 'reset') {
        if (piece) this.#write(piece.text)
        // What was written must have left before the connection is torn down, or the client would never see it.
        this.#delivery.time.timers.after(20, () => tearDown(response))
      } else if (piece) {
        response.end(piece.text)
      } else {
        response.end()
      }
    })
  }

  #mustPause(piece: Piece): boolean {
    return piece.pauseMs !== undefined && piece.pauseMs > 0 && this.#pausedBefore !== this.#next
  }

  #pause(pauseMs: number, resume: () => void): void {
    if (pauseMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#delivery.time.timers.after(pauseMs, () => {
      this.#lateMs += pauseMs
      resume()
    })
  }

  #dueMs(piece: Piece): number {
    const { pace, answer } = this.#delivery
    return pace.instant || !isStream(answer.body) ? 0 : pace.dueMs(piece.outputTokens) + this.#lateMs
  }

  #at(dueMs: number, run: () => void): void {
    const { time, startedAtMs } = this.#delivery
    const waitMs = dueMs === 0 ? 0 : startedAtMs + dueMs - time.clock.monotonicMs()
    if (waitMs > 0) this.#timer = time.timers.after(waitMs, run)
    else run()
  }

  #write(data: string | Buffer): boolean {
    return this.#delivery.response.write(data)
  }
}
