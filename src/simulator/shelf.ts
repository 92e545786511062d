/** Things a client may come back for: stored responses, files, batches. By kind and id; the oldest go first. */
export class Shelf {
  readonly #things = new Map<string, unknown>()
  readonly #capacity: number

  constructor(capacity = 5000) {
    this.#capacity = capacity
  }

  put(kind: string, id: string, thing: unknown): void {
    this.#things.set(`${kind}/${id}`, thing)
    if (this.#things.size <= this.#capacity) return
    for (const oldest of this.#things.keys()) {
      this.#things.delete(oldest)
      break
    }
  }

  get(kind: string, id: string): unknown {
    return this.#things.get(`${kind}/${id}`)
  }

  take(kind: string, id: string): unknown {
    const thing = this.get(kind, id)
    this.#things.delete(`${kind}/${id}`)
    return thing
  }

  /** Newest first. */
  all(kind: string): unknown[] {
    const found: unknown[] = []
    for (const [key, thing] of this.#things) if (key.startsWith(`${kind}/`)) found.unshift(thing)
    return found
  }
}
