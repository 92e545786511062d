import { findFrame, maxBodyBytes } from '#core/ledger/frame.ts'

const headerRoomBytes = 160

/** The most that one interrupted write can leave. */
export const mostTornBytes = maxBodyBytes + headerRoomBytes

/**
 * Why the unreadable end of the newest segment cannot be what one interrupted write has left there; null where it can,
 * and is to be cut off. Pure.
 *
 * @param rest what stands from `offset` in the segment to its end, of which `mostTornBytes` and one more are enough.
 */
export function whyNotTorn(rest: Buffer, offset: number): string | null {
  if (rest.length > mostTornBytes) return 'more unreadable bytes than one write can leave'
  const sound = findFrame(rest, 0)
  return sound === -1 ? null : `unreadable bytes with sound blocks behind them, from byte ${offset + sound} on`
}
