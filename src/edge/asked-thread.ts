import { Worker } from 'node:worker_threads'
import type { Timer, Timers } from '#ports.ts'

/** To the thread. */
export interface Asked<Question> {
  readonly id: number
  readonly question: Question
}

/** From the thread. */
export type Answered<Answer> =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly fault: unknown }

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void
  readonly reject: (fault: unknown) => void
}

/**
 * A thread that answers questions one by one: started at the first, ended when nobody has asked for a while. Its script
 * answers with `answerQuestions`.
 */
export class AskedThread<Question, Answer> {
  readonly #script: URL
  readonly #idleMs: number
  readonly #timers: Timers
  #worker: Worker | null = null
  #idle: Timer | null = null
  #lastId = 0
  readonly #waiting = new Map<number, Waiting<Answer>>()

  constructor(script: URL, { idleMs, timers }: { readonly idleMs: number; readonly timers: Timers }) {
    this.#script = script
    this.#idleMs = idleMs
    this.#timers = timers
  }

  /**
   * What is in `given` is handed over, not copied: it is gone here.
   * @throws what was thrown on the thread, or an Error where the thread died.
   */
  async ask(question: Question, given: readonly ArrayBuffer[] = []): Promise<Answer> {
    this.#lastId += 1
    const id = this.#lastId
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject })
        this.#running().postMessage({ id, question } satisfies Asked<Question>, given)
      })
    } finally {
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) this.#restUntilAsked()
    }
  }

  async close(): Promise<void> {
    this.#idle?.cancel()
    await this.#worker?.terminate()
  }

  #running(): Worker {
    this.#idle?.cancel()
    if (this.#worker !== null) return this.#worker
    const worker = new Worker(this.#script)
    worker.unref()
    worker.on('message', (answered: Answered<Answer>) => this.#settle(answered))
    worker.on('error', (error) => this.#lose(worker, error))
    worker.on('exit', () => this.#lose(worker, new Error('the thread ended before it answered')))
    this.#worker = worker
    return worker
  }

  #settle(answered: Answered<Answer>): void {
    const waiting = this.#waiting.get(answered.id)
    if ('fault' in answered) waiting?.reject(answered.fault)
    else waiting?.resolve(answered.answer)
  }

  /** Whoever waits for the thread gets no answer; who asks next has a new one started. */
  #lose(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = null
    for (const waiting of this.#waiting.values()) waiting.reject(error)
  }

  #restUntilAsked(): void {
    this.#idle?.cancel()
    this.#idle = this.#timers.after(this.#idleMs, () => {
      const worker = this.#worker
      this.#worker = null
      void worker?.terminate()
    })
  }
}
