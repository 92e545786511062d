import type { UnboundedRule } from '#core/budget/budget.ts'
import type { EndpointName } from '#core/ledger/entry.ts'
import type { Asking } from './asking.ts'

/** What is held where nobody says how much there will be of something; docs/cost-bounds.md says so of each kind of call. */
export interface MostOfUnbounded {
  /** Uses of each tool. */
  readonly uses: number
  readonly soundSeconds: number
  readonly inputTokens: number
  /** Of all answers together. */
  readonly outputTokens: number
  /** By how much a provider's own statement may exceed the price list. */
  readonly statedFactor: bigint
}

/** `reserve`: so many times of what is assumed otherwise. */
const reserveFactor = 5
/** Of sound at 16 kbit/s; `reserve` thus allows for 3.2, less than any codec that is taken makes of speech. */
const bytesPerSecond = 2_000
/** Of sound that is not in the request. */
const secondsElsewhere = 3_600

export function mostOfUnbounded(
  rule: UnboundedRule,
  { arrival, ask }: Pick<Asking, 'arrival' | 'ask'>,
): MostOfUnbounded {
  const factor = rule === 'assume' ? 1 : reserveFactor
  return {
    uses: 20 * factor,
    soundSeconds: soundSeconds(arrival.match.endpoint, ask) * factor,
    inputTokens: 200_000 * factor,
    outputTokens: 16_000 * factor * ask.reach.answers,
    statedFactor: rule === 'assume' ? 1n : 2n,
  }
}

function soundSeconds(endpoint: EndpointName, { body, reach }: Asking['ask']): number {
  // No voice takes longer over a letter.
  if (endpoint === 'audio.speech') return reach.textBytes
  return body === null || !reach.mediaInput ? secondsElsewhere : Math.ceil(body.length / bytesPerSecond)
}
