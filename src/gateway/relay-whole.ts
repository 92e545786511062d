import type { ClientExchange, UpstreamAnswer, UpstreamFault } from '#ports.ts'
import type { Reading } from '#providers/meter.ts'
import type { CallControl } from './call-control.ts'
import { type Delivery, noBytes, noReading } from './delivery.ts'
import type { ReadOnLimits } from './road.ts'

export interface WholeParts {
  readonly exchange: ClientExchange
  readonly answer: UpstreamAnswer
  readonly abortUpstream: () => void
  readonly read: (body: Buffer) => Reading
  /** What the client may see of the body; null = all of it. */
  readonly clean: ((body: Buffer) => Buffer) | null
  readonly control: CallControl
  readonly monotonicMs: () => number
  readonly limits: ReadOnLimits
}

/**
 * Takes in a JSON answer whole: its cost goes into a header, so nothing can be sent before all of it is known.
 * Resolves when the upstream has ended or failed; a caller who left does not stop it before the limits do.
 */
export function relayWhole(parts: WholeParts): Promise<Delivery> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let firstByteAtMs: number | null = null
    let left = false
    let readOnBytes = 0

    let over = false
    const finish = (fault: UpstreamFault | null): void => {
      over = true
      // All of it may have come before anybody was told of the caller.
      left ||= parts.exchange.gone
      const upstreamEndedAtMs = parts.monotonicMs()
      const only = chunks[0]
      const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
      const held = parts.clean === null ? body : parts.clean(body)
      const reading = fault === null ? parts.read(held) : noReading
      resolve({
        reading,
        form: 'opaque',
        held: left ? noBytes : held,
        fault,
        clientLeft: left,
        started: false,
        firstByteAtMs,
        upstreamEndedAtMs,
      })
    }

    parts.control.whileRunning(parts.abortUpstream)
    parts.answer.deliver({
      bytes: (chunk) => {
        firstByteAtMs ??= parts.monotonicMs()
        chunks.push(chunk)
        if (left) readOnBytes += chunk.length
        if (readOnBytes > parts.limits.readAfterDisconnectBytes) parts.abortUpstream()
      },
      end: () => finish(null),
      fail: finish,
    })
    parts.exchange.onGone(() => {
      if (!over) left = true
    })
  })
}
