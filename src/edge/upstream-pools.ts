import type { Timers, Upstream } from '#ports.ts'
import { UpstreamPool, type UpstreamPoolOptions } from './upstream.ts'

/** How long calls on a pool that a reload has replaced may take before it is closed over their heads. */
const retireAfterMs = 900_000

/** The connections to all providers. A reload keeps those whose options have not changed. */
export class UpstreamPools {
  readonly #timers: Timers
  #pools = new Map<string, UpstreamPool>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Opens pools for exactly these options, in their order; pools of earlier calls that are not among them retire. */
  use(wanted: readonly UpstreamPoolOptions[]): Upstream[] {
    const before = this.#pools
    this.#pools = new Map()
    const doors = wanted.map((options) => {
      const key = JSON.stringify(options)
      const pool = this.#pools.get(key) ?? before.get(key) ?? new UpstreamPool(options)
      this.#pools.set(key, pool)
      return pool
    })
    for (const [key, pool] of before) if (!this.#pools.has(key)) this.#retire(pool)
    return doors
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
  }

  #retire(pool: UpstreamPool): void {
    const timer = this.#timers.after(retireAfterMs, () => void pool.destroy())
    void pool.close().then(() => timer.cancel())
  }
}
