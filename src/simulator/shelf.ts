import type { JsonObject } from './json.ts'

export interface StoredFile {
  readonly file: JsonObject
  readonly content: Buffer
}

export interface StoredResponse {
  readonly response: JsonObject
  /** Unix time at which a background job is done; 0 = when it was made. */
  readonly doneAtMs: number
  readonly cancelled: boolean
}

export interface StoredMessageBatch {
  readonly batch: JsonObject
  /** JSON lines. */
  readonly results: string
}

const mostThings = 5_000

/** Things of one kind that a client may come back for, by id; the oldest go first. */
export class Shelf<Thing> {
  readonly #things = new Map<string, Thing>()

  put(id: string, thing: Thing): void {
    this.#things.set(id, thing)
    const [oldest] = this.#things.size > mostThings ? this.#things.keys() : []
    if (oldest !== undefined) this.#things.delete(oldest)
  }

  get(id: string): Thing | undefined {
    return this.#things.get(id)
  }

  remove(id: string): void {
    this.#things.delete(id)
  }

  /** Newest first. */
  all(): Thing[] {
    return [...this.#things.values()].reverse()
  }
}
