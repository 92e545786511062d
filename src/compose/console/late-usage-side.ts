import type { Config } from '#config/config.ts'
import { systemTimers } from '#edge/system.ts'
import { errorText } from '#lib/error-text.ts'
import type { Log } from '#lib/log.ts'
import type { UsageStore } from '#ports.ts'
import { dataPath } from '#store/data-paths.ts'
import { checkpointPath, readCheckpoint } from '#store/ingest/checkpoint.ts'
import type { LagMeter } from '#store/ingest/lag.ts'
import type { JournalPosition } from '#store/ingest/source.ts'
import { StoreFault } from '#store/usage/client.ts'
import { lagMeter, type UsageSide } from './usage-side.ts'

const firstRetryMs = 500
const closeWithinMs = 2_000

const nothingDone = { position: null, settled: 0, rows: 0, quarantined: 0, rejected: 0, repaired: 0, storeFault: true }

interface LateStart {
  readonly config: Config
  readonly log: Log
  /** Told with the reason as long as the store cannot be used, and told once it can. */
  readonly said: { readonly absent: string; readonly there: string }
  readonly begin: () => Promise<UsageSide>
  /** The first try, under way or failed. */
  readonly opening: Promise<UsageSide>
  /** The longest pause between two tries. */
  readonly longestRetryMs: number
}

/** Stands in for the usage side until its store can be used. */
export class LateUsageSide implements UsageSide {
  readonly #start: LateStart
  readonly #lag: LagMeter
  /** Why it cannot be used, as far as is known. */
  #why: string
  #side: UsageSide | null = null
  #timer: { cancel(): void } | null = null
  #opening: Promise<void>
  #closed = false

  constructor(start: LateStart) {
    this.#start = start
    this.#why = `${start.said.absent}: it is not known yet why`
    // What an earlier run has brought in, as far as is known while the store cannot be asked.
    const position = positionBefore(start.config)
    this.#lag = lagMeter(start.config, () => ({ position, settled: 0 }))
    this.#opening = this.#try(start.opening, firstRetryMs)
  }

  readonly store: UsageStore = {
    sums: async (question) => await this.#opened().store.sums(question),
    records: async (question) => await this.#opened().store.records(question),
    booked: async (question) => await this.#opened().store.booked(question),
  }

  readonly ingest: UsageSide['ingest'] = {
    caughtUp: async (agoMs) => await this.#opened().ingest.caughtUp(agoMs),
    state: () => this.#side?.ingest.state() ?? { ...nothingDone, fault: this.#why },
    lag: () => (this.#side === null ? this.#lag.read() : this.#side.ingest.lag()),
  }

  async storeUp(): Promise<boolean> {
    return (await this.#side?.storeUp()) ?? false
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    // A server that hangs is not waited for to its end: what it was asked for changes nothing.
    await within(closeWithinMs, this.#opening)
    await Promise.all([this.#lag.close(), this.#side?.close()])
  }

  #opened(): UsageSide {
    if (this.#side === null) throw new StoreFault('store_unreachable', this.#why)
    return this.#side
  }

  /** Never rejects. Only what could not be opened is tried again: two sides would both bring the journal in. */
  async #try(opening: Promise<UsageSide>, retryMs: number): Promise<void> {
    let side: UsageSide
    try {
      side = await opening
    } catch (error) {
      this.#tell(error)
      this.#tryAgain(retryMs)
      return
    }
    const { log, said } = this.#start
    if (!this.#closed) {
      this.#side = side
      log.info(said.there)
    }
    try {
      await (this.#closed ? side : this.#lag).close()
    } catch (error) {
      log.warn({ err: error }, 'what is not needed any more could not be closed')
    }
  }

  #tryAgain(retryMs: number): void {
    if (this.#closed) return
    const { begin, longestRetryMs } = this.#start
    this.#timer = systemTimers.after(retryMs, () => {
      this.#opening = this.#try(begin(), Math.min(longestRetryMs, retryMs * 2))
    })
  }

  /** Once for each reason: a store that is away for a day fills no log. */
  #tell(error: unknown): void {
    const { log, said } = this.#start
    const why = `${said.absent}: ${errorText(error)}`
    if (why === this.#why) return
    this.#why = why
    // The message of ours has all that is known.
    const facts = error instanceof StoreFault ? {} : { err: error }
    log.error(facts, `${why}; calls are served and kept, alerts go out, and it is tried again`)
  }
}

/** Null where it takes longer. */
export async function within<Answer>(waitMs: number | undefined, answer: Promise<Answer>): Promise<Answer | null> {
  if (waitMs === undefined) return await answer
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = systemTimers.after(waitMs, () => resolve(null))
  return await Promise.race([answer, late]).finally(() => timer.cancel())
}

/** Null where nobody knows: why the checkpoint cannot be read is said where it is needed. */
function positionBefore(config: Config): JournalPosition | null {
  try {
    return readCheckpoint(checkpointPath(dataPath(config.dataDir, 'ingest')))?.position ?? null
  } catch {
    return null
  }
}
