import { parseDecimal } from './decimal.ts'
import { MoneyFault } from './fault.ts'
import { type PicoUsd, picoUsd } from './pico-usd.ts'
import { divideHalfEven, invert, one, type Ratio, ratioOfDecimal } from './ratio.ts'

/** One unit of `from` is `rate` units of `to`, from `sinceMs` on until a later rate of the same pair. */
export interface ExchangeRate {
  readonly from: string
  readonly to: string
  /** Decimal text, above zero. */
  readonly rate: string
  readonly sinceMs: number
}

interface RateInForce {
  readonly kind: 'rate'
  readonly ratio: Ratio
  /** How the price version names it, for example `CNY/USD=0.14`; empty between equal currencies. */
  readonly label: string
}

/** There is no rate for this pair at this time. Never to be read as 1. */
export interface RateMissing {
  readonly kind: 'missing'
  readonly from: string
  readonly to: string
}

export interface Exchange {
  /** The latest rate of the pair that is in force; where there is none, the latest of the opposite pair, turned over. */
  rateAt(from: string, to: string, atMs: number): RateInForce | RateMissing
  /** The instants at which a rate between the two changes. */
  changesMs(from: string, to: string): readonly number[]
  /** Rounded half to even, once. */
  toUsd(
    picoAmount: bigint,
    currency: string,
    atMs: number,
  ): { readonly kind: 'usd'; readonly picoUsd: PicoUsd } | RateMissing
}

interface DatedRatio {
  readonly sinceMs: number
  readonly ratio: Ratio
  readonly text: string
}

/** @throws MoneyFault where a rate is not a decimal number above zero. */
export function makeExchange(rates: readonly ExchangeRate[]): Exchange {
  const pairs = new Map<string, DatedRatio[]>()
  for (const rate of rates) {
    const ratio = ratioOfDecimal(parseDecimal(rate.rate))
    if (ratio.num <= 0n) throw new MoneyFault('not_a_decimal', `an exchange rate must be above zero: ${rate.rate}`)
    const pair = pairName(rate.from, rate.to)
    pairs.set(pair, [...(pairs.get(pair) ?? []), { sinceMs: rate.sinceMs, ratio, text: rate.rate }])
  }
  for (const dated of pairs.values()) dated.sort((a, b) => a.sinceMs - b.sinceMs)

  function rateAt(from: string, to: string, atMs: number): RateInForce | RateMissing {
    if (sameCurrency(from, to)) return { kind: 'rate', ratio: one, label: '' }
    const direct = latest(pairs.get(pairName(from, to)), atMs)
    if (direct !== null) return { kind: 'rate', ratio: direct.ratio, label: `${pairName(from, to)}=${direct.text}` }
    const opposite = latest(pairs.get(pairName(to, from)), atMs)
    if (opposite === null) return { kind: 'missing', from, to }
    return { kind: 'rate', ratio: invert(opposite.ratio), label: `${pairName(to, from)}=${opposite.text}` }
  }

  return {
    rateAt,
    changesMs: (from, to) =>
      [pairs.get(pairName(from, to)), pairs.get(pairName(to, from))].flatMap((dated) =>
        (dated ?? []).map((d) => d.sinceMs),
      ),
    toUsd: (picoAmount, currency, atMs) => {
      const rate = rateAt(currency, 'USD', atMs)
      if (rate.kind === 'missing') return rate
      return { kind: 'usd', picoUsd: picoUsd(divideHalfEven(picoAmount * rate.ratio.num, rate.ratio.den)) }
    },
  }
}

function sameCurrency(a: string, b: string): boolean {
  return a === b || a.toUpperCase() === b.toUpperCase()
}

function latest(dated: readonly DatedRatio[] | undefined, atMs: number): DatedRatio | null {
  return dated?.findLast((rate) => rate.sinceMs <= atMs) ?? null
}

function pairName(from: string, to: string): string {
  return `${from.toUpperCase()}/${to.toUpperCase()}`
}
