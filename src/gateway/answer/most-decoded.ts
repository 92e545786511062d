import type { DecodedTooLarge } from '#lib/body-decoder.ts'
import { UpstreamFault } from '#ports.ts'

/** No answer is refused for its size once decoded below this, however little came: some models repeat themselves. */
const floorBytes = 16 * 1024 * 1024

/** Events in a stream, the most repetitive of what is answered, become 10 to 50 times smaller. */
const factor = 100

/** How large an encoded body may become: larger than any that is honest does, an end to what a bomb can do. */
export function mostDecoded(cameBytes: number): number {
  return floorBytes + factor * cameBytes
}

export function tooLargeDecoded(error: DecodedTooLarge): UpstreamFault {
  return new UpstreamFault('bad_answer', `the answer is too large once decoded: ${error.message}`, error)
}
