import { Worker } from 'node:worker_threads'
import { Turns } from '#lib/turns.ts'
import type { Timer, Timers } from '#ports.ts'

/** From the thread, which is asked one question at a time. */
export type Answered<Answer> = { readonly answer: Answer } | { readonly fault: unknown }

interface Asking {
  /** Those who ask take turns, however many questions each of them has. */
  readonly from?: string
  /** Handed over, not copied: from its turn on it is gone here. */
  readonly given?: readonly ArrayBuffer[]
}

interface Options {
  /** So long it rests before it is ended. */
  readonly idleMs: number
  readonly timers: Timers
}

/** The worst question known takes two seconds; this is for one that would never end, on a machine that has much to do. */
const longestAnswerMs = 60_000

interface Waiting<Question, Answer> {
  readonly question: Question
  readonly given: readonly ArrayBuffer[]
  readonly resolve: (answer: Answer) => void
  readonly reject: (fault: unknown) => void
}

/**
 * A thread that answers questions one by one: started at the first, ended when nobody has asked for a while. Its script
 * answers with `answerQuestions`. Questions wait here and not with the thread, so that one which kills it, or which it does
 * not come to an end with, takes no other with it.
 */
export class AskedThread<Question, Answer> {
  readonly #script: URL
  readonly #options: Options
  readonly #waiting = new Turns<Waiting<Question, Answer>>()
  #asked: Waiting<Question, Answer> | null = null
  #worker: Worker | null = null
  /** Ends it where it rests for too long, or takes too long to answer. */
  #end: Timer | null = null
  #closed = false

  constructor(script: URL, options: Options) {
    this.#script = script
    this.#options = options
  }

  /** @throws what was thrown on the thread, or an Error where the thread died of it, took too long or is closed. */
  ask(question: Question, { from = '', given = [] }: Asking = {}): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting.add(from, { question, given, resolve, reject })
      this.#askNext()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#end?.cancel()
    const worker = this.#worker
    if (worker !== null) this.#lose(worker, closedError())
    else this.#askNext()
    await worker?.terminate()
  }

  #askNext(): void {
    while (this.#asked === null) {
      const next = this.#waiting.take()
      if (next === undefined) return this.#restUntilAsked()
      try {
        if (this.#closed) throw closedError()
        const worker = this.#running()
        worker.postMessage(next.question, next.given)
        this.#asked = next
        this.#end = this.#options.timers.after(longestAnswerMs, () => this.#giveUp(worker))
      } catch (error) {
        next.reject(error)
      }
    }
  }

  #running(): Worker {
    this.#end?.cancel()
    if (this.#worker !== null) return this.#worker
    const worker = new Worker(this.#script)
    worker.unref()
    worker.on('message', (answered: Answered<Answer>) => this.#settle(worker, answered))
    worker.on('error', (error) => this.#lose(worker, error))
    worker.on('exit', () => this.#lose(worker, new Error('the thread ended before it answered')))
    this.#worker = worker
    return worker
  }

  #settle(worker: Worker, answered: Answered<Answer>): void {
    if (this.#worker !== worker) return
    const asked = this.#asked
    this.#asked = null
    if ('fault' in answered) asked?.reject(answered.fault)
    else asked?.resolve(answered.answer)
    this.#askNext()
  }

  /** What it was asked gets no answer; for the next question a new one is started. */
  #lose(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = null
    const asked = this.#asked
    this.#asked = null
    asked?.reject(error)
    this.#askNext()
  }

  #giveUp(worker: Worker): void {
    this.#lose(worker, new Error(`the thread did not answer within ${longestAnswerMs} ms`))
    void worker.terminate()
  }

  #restUntilAsked(): void {
    this.#end?.cancel()
    if (this.#worker === null) return
    const { idleMs, timers } = this.#options
    this.#end = timers.after(idleMs, () => {
      const worker = this.#worker
      this.#worker = null
      void worker?.terminate()
    })
  }
}

function closedError(): Error {
  return new Error('the thread is closed')
}
