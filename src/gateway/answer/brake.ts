import type { UpstreamAnswer } from '#ports.ts'

/** Why no more of an answer is asked for: its reader is slow, its tokens are counted, what came is being decoded. */
type Reason = 'client' | 'counting' | 'decoding'

/** Keeps an upstream waiting for as long as there is a reason: one that is over must not undo another. */
export class Brake {
  readonly #answer: Pick<UpstreamAnswer, 'pause' | 'resume'>
  readonly #reasons = new Set<Reason>()

  constructor(answer: Pick<UpstreamAnswer, 'pause' | 'resume'>) {
    this.#answer = answer
  }

  on(reason: Reason): void {
    this.#reasons.add(reason)
    this.#answer.pause()
  }

  off(reason: Reason): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.#answer.resume()
  }
}
