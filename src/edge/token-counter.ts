import { Worker } from 'node:worker_threads'
import type { Timer, Timers } from '#ports.ts'

export interface TokenQuestion {
  readonly id: number
  /** An estimate of a JSON request, or of an answer's text; or a count of a text. */
  readonly kind: 'input' | 'output' | 'count'
  /** UTF-8. */
  readonly content: Uint8Array
}

export interface TokenAnswer {
  readonly id: number
  /** Null where counting failed, or would have taken too long. */
  readonly tokens: number | null
}

/** The tokenizer takes 63 MB: it goes when nobody has asked for this long. */
const idleMs = 30_000

/** Where the tokenizer cannot answer, an estimate is four bytes a token, which is right for English. */
const bytesPerToken = 4

/**
 * Counts tokens on a thread of its own, started at the first question and ended when idle: loading the tokenizer takes
 * a third of a second that no call should wait for.
 */
export class TokenCounter {
  readonly #timers: Timers
  #worker: Worker | null = null
  #idle: Timer | null = null
  #nextId = 0
  readonly #waiting = new Map<number, (tokens: number | null) => void>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  inputTokens(body: Buffer): Promise<number> {
    return this.#ask('input', body)
  }

  outputTokens(text: string): Promise<number> {
    return text === '' ? Promise.resolve(0) : this.#ask('output', Buffer.from(text))
  }

  countText(text: string): Promise<number | null> {
    return text === '' ? Promise.resolve(0) : this.#answered('count', Buffer.from(text))
  }

  async close(): Promise<void> {
    this.#idle?.cancel()
    await this.#worker?.terminate()
  }

  async #ask(kind: TokenQuestion['kind'], content: Buffer): Promise<number> {
    if (content.length === 0) return 0
    return (await this.#answered(kind, content)) ?? Math.ceil(content.length / bytesPerToken)
  }

  async #answered(kind: TokenQuestion['kind'], content: Buffer): Promise<number | null> {
    this.#nextId += 1
    const question: TokenQuestion = { id: this.#nextId, kind, content }
    const tokens = await new Promise<number | null>((resolve) => {
      this.#waiting.set(question.id, resolve)
      this.#running().postMessage(question)
    })
    if (this.#waiting.size === 0) this.#restUntilAsked()
    return tokens
  }

  #running(): Worker {
    this.#idle?.cancel()
    if (this.#worker !== null) return this.#worker
    const worker = new Worker(new URL('./token-worker.ts', import.meta.url))
    worker.unref()
    worker.on('message', ({ id, tokens }: TokenAnswer) => this.#answer(id, tokens))
    worker.on('error', () => this.#lose(worker))
    worker.on('exit', () => this.#lose(worker))
    this.#worker = worker
    return worker
  }

  #answer(id: number, tokens: number | null): void {
    const resolve = this.#waiting.get(id)
    this.#waiting.delete(id)
    resolve?.(tokens)
  }

  /** The thread is gone: whoever waits for it gets no count. */
  #lose(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = null
    for (const id of [...this.#waiting.keys()]) this.#answer(id, null)
  }

  #restUntilAsked(): void {
    this.#idle?.cancel()
    this.#idle = this.#timers.after(idleMs, () => {
      const worker = this.#worker
      this.#worker = null
      void worker?.terminate()
    })
  }
}
