import type { DeliveryAnswer } from '#core/alerting/delivery.ts'
import { type DeliveryOutcome, deliverWithinMs, type PendingNotification } from '#core/alerting/outbox.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import type { AlertStore, Clock, Ids, Timers } from '#ports.ts'
import { Pause } from '../pause.ts'
import { verdictOf } from './backoff.ts'

interface LaneParts {
  readonly store: Pick<AlertStore, 'nextPending'>
  readonly clock: Clock
  readonly timers: Timers
  readonly ids: Pick<Ids, 'chance'>
  /** One try. Never rejects for what the receiver does. */
  readonly send: (receiver: Receiver, notification: PendingNotification) => Promise<DeliveryAnswer>
  /** Writes down what a try has led to. */
  readonly book: (outcome: DeliveryOutcome, notification: PendingNotification) => Promise<void>
  readonly onFault: (error: unknown) => void
}

/** How long a lane rests when the outbox itself cannot be read or written. */
const faultPauseMs = 1_000

/** One lane for each receiver: in a lane order is kept, and no lane waits for another. */
export class Lanes {
  readonly #parts: LaneParts
  readonly #lanes = new Map<string, Lane>()

  constructor(parts: LaneParts) {
    this.#parts = parts
  }

  /** Receivers that are new, or reached another way than before, are tried at once. */
  use(receivers: readonly Receiver[]): void {
    const wanted = new Map(receivers.map((receiver) => [receiver.name, receiver]))
    for (const [name, lane] of this.#lanes) {
      if (wanted.has(name)) continue
      this.#lanes.delete(name)
      void lane.stop()
    }
    for (const receiver of receivers) {
      const lane = this.#lanes.get(receiver.name)
      if (lane === undefined) this.#lanes.set(receiver.name, new Lane(receiver, this.#parts))
      else lane.use(receiver)
    }
  }

  /** There is something new for them. */
  wake(names: Iterable<string>): void {
    for (const name of names) this.#lanes.get(name)?.wake()
  }

  /** What is being sent is sent to its end. */
  async stop(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()))
    this.#lanes.clear()
  }
}

class Lane {
  readonly #parts: LaneParts
  readonly #pause: Pause
  readonly #running: Promise<void>
  #receiver: Receiver
  #stopping = false
  /** Something has changed since the outbox was last looked at. */
  #news = true
  /** The receiver may be another one now: its pause is over. */
  #anew = false
  /** When the message that was tried last is to be tried again, by a clock that nobody sets. */
  #again: { readonly id: string; readonly nextTryAtMs: number; readonly atMonotonicMs: number } | null = null

  constructor(receiver: Receiver, parts: LaneParts) {
    this.#receiver = receiver
    this.#parts = parts
    this.#pause = new Pause(parts.timers)
    this.#running = this.#run()
  }

  use(receiver: Receiver): void {
    if (JSON.stringify(receiver) === JSON.stringify(this.#receiver)) return
    this.#receiver = receiver
    this.#anew = true
    this.wake()
  }

  wake(): void {
    this.#news = true
    this.#pause.end()
  }

  stop(): Promise<void> {
    this.#stopping = true
    this.#pause.end()
    return this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        this.#news = false
        const next = await this.#parts.store.nextPending(this.#receiver.name)
        if (this.#stopping) return
        const pauseMs = next === null ? null : this.#pauseMs(next)
        if (next === null || (pauseMs !== null && pauseMs > 0 && !this.#anew)) await this.#rest(pauseMs)
        else await this.#try(next)
      } catch (error) {
        this.#parts.onFault(error)
        await this.#rest(faultPauseMs)
      }
    }
  }

  #pauseMs({ id, nextTryAtMs, giveUpAtMs }: PendingNotification): number {
    const { clock } = this.#parts
    const again = this.#again
    if (again?.id === id && again.nextTryAtMs === nextTryAtMs) return again.atMonotonicMs - clock.monotonicMs()
    const nowMs = clock.wallMs()
    // What was made in the future was made by a clock that was set back since: its times say nothing.
    return giveUpAtMs - deliverWithinMs > nowMs ? 0 : nextTryAtMs - nowMs
  }

  async #try(notification: PendingNotification): Promise<void> {
    const { clock, ids, send, book } = this.#parts
    this.#anew = false
    const startedAtMs = clock.wallMs()
    const begunMs = clock.monotonicMs()
    const answer = await send(this.#receiver, notification)
    const nowMs = clock.wallMs()
    const { tries, giveUpAtMs } = notification
    const verdict = verdictOf({ answer, tries, nowMs, giveUpAtMs, chance: ids.chance() })
    const { ok, status, detail } = answer
    const endedMs = clock.monotonicMs()
    const durationMs = endedMs - begunMs
    const { nextTryAtMs } = verdict
    this.#again = { id: notification.id, nextTryAtMs, atMonotonicMs: endedMs + nextTryAtMs - nowMs }
    const attempt = { startedAtMs, durationMs, ok, status, detail }
    await book({ notificationId: notification.id, attempt, ...verdict }, notification)
  }

  /** Until there is news; null = however long that takes. */
  #rest(delayMs: number | null): Promise<void> {
    if (this.#news || this.#stopping) return Promise.resolve()
    return this.#pause.wait(delayMs)
  }
}
