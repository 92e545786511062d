import type { Payer } from '#core/attribution/payer.ts'

/** Who may send usage that was metered elsewhere, as configured. */
export interface IncomingSource {
  /** The name in the path, and in reports. */
  readonly source: string
  /** Of its signatures. Null = none is configured: nothing is taken from it. */
  readonly secret: string | null
  /** Who pays where an event does not say. */
  readonly attribution: Payer
}
