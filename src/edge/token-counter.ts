import type { Timers } from '#ports.ts'
import { AskedThread } from './asked-thread.ts'

export interface TokenQuestion {
  /** An estimate of a JSON request, or of an answer's text; or a count of a text. */
  readonly kind: 'input' | 'output' | 'count'
  /** UTF-8. */
  readonly content: Uint8Array
}

/** The tokenizer takes 63 MB: it goes when nobody has asked for this long. */
const idleMs = 30_000

/** Where the tokenizer cannot answer, an estimate is four bytes a token, which is right for English. */
const bytesPerToken = 4

/** Counts tokens on a thread of its own: loading the tokenizer takes a third of a second that no call should wait for. */
export class TokenCounter {
  /** Its answer is null where counting would take too long. */
  readonly #thread: AskedThread<TokenQuestion, number | null>

  constructor(timers: Timers) {
    this.#thread = new AskedThread(new URL('./token-worker.ts', import.meta.url), { idleMs, timers })
  }

  inputTokens(body: Buffer): Promise<number> {
    return this.#estimated('input', body)
  }

  outputTokens(text: string): Promise<number> {
    return this.#estimated('output', Buffer.from(text))
  }

  /** Null where counting failed, or would have taken too long. */
  async countText(text: string): Promise<number | null> {
    return text === '' ? 0 : this.#asked('count', Buffer.from(text))
  }

  close(): Promise<void> {
    return this.#thread.close()
  }

  async #estimated(kind: TokenQuestion['kind'], content: Buffer): Promise<number> {
    if (content.length === 0) return 0
    return (await this.#asked(kind, content)) ?? Math.ceil(content.length / bytesPerToken)
  }

  #asked(kind: TokenQuestion['kind'], content: Buffer): Promise<number | null> {
    return this.#thread.ask({ kind, content }).catch(() => null)
  }
}
