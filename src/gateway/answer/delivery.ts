import type { UpstreamFault } from '#ports.ts'
import type { PassedEvents } from '#providers/cut-stream.ts'
import type { Reading } from '#providers/meter.ts'
import type { Cut } from '../budgets/allowance.ts'

/** An answer that has come to its end at the upstream, and of which the client has all but the last bytes. */
export interface Delivery {
  readonly reading: Reading
  /** How the body is framed: what a last event about a fault has to look like, if it can have one. */
  readonly form: 'sse' | 'responses' | 'json_array' | 'opaque'
  /** What the client is to get once the call is settled. */
  readonly held: Buffer
  /** Null where the answer came to its proper end. */
  readonly fault: UpstreamFault | null
  readonly clientLeft: boolean
  /** Why the gateway ended a stream, in order, before its model had; null where it did not. */
  readonly cut: Cut | null
  /** What the client got of a stream that may be ended so; null where it cannot be. */
  readonly passed: PassedEvents | null
  /** True where the head has already gone to the client. */
  readonly started: boolean
  /** Monotonic; null where no byte of a body came. */
  readonly firstByteAtMs: number | null
  readonly upstreamEndedAtMs: number
}

export const noReading: Reading = {
  model: null,
  usage: null,
  error: null,
  outputText: '',
  responseId: null,
  usageFinal: false,
  complete: false,
}
