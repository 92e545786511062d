import type { ExportPlace, TracedPlace } from '#ports.ts'
import type { TelemetryLog } from './run.ts'

/**
 * The place in the journal as it is on disk. A disk that is full keeps nothing from being exported and nobody from
 * stopping: whoever starts next exports what lies behind the place once more. Said once until it can be written again.
 */
export class KeptPlace {
  readonly #store: ExportPlace
  readonly #log: TelemetryLog
  readonly #what: string
  #failing = false

  constructor(store: ExportPlace, log: TelemetryLog, what: string) {
    this.#store = store
    this.#log = log
    this.#what = what
  }

  read(): TracedPlace | null {
    return this.#store.read()
  }

  /** False where it could not be written. */
  write(place: TracedPlace): boolean {
    try {
      this.#store.write(place)
    } catch (error) {
      if (!this.#failing) this.#log.error({ err: error }, `how far ${this.#what} are exported cannot be written down`)
      this.#failing = true
      return false
    }
    if (this.#failing) this.#log.info({}, `how far ${this.#what} are exported is written down again`)
    this.#failing = false
    return true
  }
}
