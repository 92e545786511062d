import type { Clock } from '#ports.ts'

interface ProgressParts {
  readonly clock: Clock
  readonly log: Readonly<Record<'debug' | 'info', (facts: object, message: string) => void>>
}

const progressMs = 2_000

/** Says now and then how far it has come, where it takes long enough that somebody may wonder. */
export class Progress {
  readonly #parts: ProgressParts
  readonly #startedMs: number
  #entries = 0
  #saidMs: number
  #ended = false

  constructor(parts: ProgressParts) {
    this.#parts = parts
    this.#startedMs = parts.clock.monotonicMs()
    this.#saidMs = this.#startedMs
  }

  took(entries: number): void {
    if (this.#ended) return
    this.#entries += entries
    const nowMs = this.#parts.clock.monotonicMs()
    if (nowMs - this.#saidMs < progressMs) return
    this.#saidMs = nowMs
    this.#parts.log.info({ calls: this.#entries }, 'alerts: reading the journal')
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    const seconds = Math.round((this.#parts.clock.monotonicMs() - this.#startedMs) / 100) / 10
    const said = this.#saidMs > this.#startedMs ? 'info' : 'debug'
    this.#parts.log[said]({ calls: this.#entries, seconds }, 'alerts: the journal is read')
  }
}
