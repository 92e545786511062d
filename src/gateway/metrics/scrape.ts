import type { Timers } from '#ports.ts'
import { type ExpositionFormat, expose } from './exposition.ts'
import { type Definition, type Family, singleOf } from './family.ts'
import { mergeFamilies } from './merge-families.ts'

/** Metrics of another process, shown with the gateway's own. */
export interface MetricsSource {
  /** The gauge that says whether it answered. */
  readonly up: Definition
  /** Null where it is away. */
  readonly read: () => Promise<readonly Family[] | null>
}

interface ScrapeParts {
  readonly own: () => Promise<readonly Family[]>
  readonly sources: readonly MetricsSource[]
  readonly timers: Timers
}

/** No source makes a scrape wait longer. */
const longestReadMs = 1_000

/**
 * What `/metrics` shows. Whoever asks while the same is being made gets that: however many scrape, the work is done
 * once at a time.
 */
export class Scrape {
  readonly #parts: ScrapeParts
  readonly #underWay = new Map<ExpositionFormat, Promise<string>>()
  /** A source that has not answered an earlier question yet is not asked again: its answer is for all who wait. */
  readonly #asked = new Map<MetricsSource, ReturnType<MetricsSource['read']>>()

  constructor(parts: ScrapeParts) {
    this.#parts = parts
  }

  readonly render = (format: ExpositionFormat): Promise<string> => {
    const underWay = this.#underWay.get(format)
    if (underWay !== undefined) return underWay
    const made = this.#make(format).finally(() => this.#underWay.delete(format))
    this.#underWay.set(format, made)
    return made
  }

  async #make(format: ExpositionFormat): Promise<string> {
    const { own, sources } = this.#parts
    const [mine, ...others] = await Promise.all([own(), ...sources.map((source) => this.#ask(source))])
    const up = sources.map((source, index) => {
      const answered = (others[index] ?? null) !== null
      return singleOf(source.up, answered ? 1 : 0)
    })
    return expose(mergeFamilies([mine, up, ...others.map((families) => families ?? [])]), format)
  }

  async #ask(source: MetricsSource): Promise<readonly Family[] | null> {
    const read = this.#asked.get(source) ?? source.read().finally(() => this.#asked.delete(source))
    this.#asked.set(source, read)
    let cancel = (): void => undefined
    const tooLate = new Promise<null>((resolve) => {
      const timer = this.#parts.timers.after(longestReadMs, () => resolve(null))
      cancel = () => timer.cancel()
    })
    try {
      return await Promise.race([read, tooLate])
    } catch {
      // It is away, and its gauge says so.
      return null
    } finally {
      cancel()
    }
  }
}
