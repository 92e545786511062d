import { decimalOfNumber } from '#core/money/decimal.ts'
import { type PicoUsd, picoUsd } from '#core/money/pico-usd.ts'
import { divideHalfEven, type Ratio } from '#core/money/ratio.ts'
import type { DisjointCounts } from '#core/usage/counts.ts'
import type { UnitName } from '#core/usage/units.ts'
import type { Cost } from './cost.ts'
import { joinVersions } from './join-versions.ts'
import type { LineRate, Price, PriceBand, TokenLine } from './price.ts'
import type { CostPart } from './rate-card.ts'

/**
 * Adds up one call, line by line. Each line (a count times a rate) is brought to 1e-12 once, half to even; nothing
 * else is ever rounded, so that the parts and the total agree to the last digit.
 */
export class Tally {
  #input = 0n
  #cachedInput = 0n
  #cacheWrite = 0n
  #output = 0n
  #other = 0n
  #billing = 0n
  #billingCurrency = ''
  #mixedCurrencies = false
  #versions = ''
  unpriced = false

  /** Tokens without a rate make the tally unpriced and cost nothing in it. */
  addTokens(price: Price, band: PriceBand, counts: DisjointCounts): void {
    this.#note(price, band)
    // Spelled out because looking fifteen counts up by names that change costs more than all the arithmetic.
    const { byKind } = band
    this.#addKind(byKind.textInput, counts.textInput)
    this.#addKind(byKind.audioInput, counts.audioInput)
    this.#addKind(byKind.imageInput, counts.imageInput)
    this.#addKind(byKind.videoInput, counts.videoInput)
    this.#addKind(byKind.textCached, counts.textCached)
    this.#addKind(byKind.audioCached, counts.audioCached)
    this.#addKind(byKind.imageCached, counts.imageCached)
    this.#addKind(byKind.videoCached, counts.videoCached)
    this.#addKind(byKind.cacheWrite5m, counts.cacheWrite5m)
    this.#addKind(byKind.cacheWrite1h, counts.cacheWrite1h)
    this.#addKind(byKind.textOutput, counts.textOutput)
    this.#addKind(byKind.reasoning, counts.reasoning)
    this.#addKind(byKind.audioOutput, counts.audioOutput)
    this.#addKind(byKind.imageOutput, counts.imageOutput)
    this.#addKind(byKind.videoOutput, counts.videoOutput)
  }

  /** Returns false, and adds nothing, where the price has no rate for the unit. */
  addUnit(price: Price, band: PriceBand, unit: UnitName, amount: number): boolean {
    const line = band.units.find((candidate) => candidate.unit === unit)
    if (line === undefined) return false
    this.#note(price, band)
    const billed = Math.max(amount, price.minimumUnits[unit] ?? 0)
    const exact = Number.isSafeInteger(billed) ? { unscaled: BigInt(billed), scale: 0 } : decimalOfNumber(billed)
    this.#add('other', line, exact.unscaled, 10n ** BigInt(exact.scale))
    return true
  }

  /**
   * @param billingCurrency what an unpriced call would have been billed in
   * @param providerStatedPicoUsd what the provider says that the call cost
   */
  cost(billingCurrency: string, providerStatedPicoUsd: PicoUsd | null): Cost {
    const total = this.#input + this.#cachedInput + this.#cacheWrite + this.#output + this.#other
    const inUsd = this.#mixedCurrencies || this.#billingCurrency === 'USD'
    return {
      inputPicoUsd: picoUsd(this.#input),
      cachedInputPicoUsd: picoUsd(this.#cachedInput),
      cacheWritePicoUsd: picoUsd(this.#cacheWrite),
      outputPicoUsd: picoUsd(this.#output),
      otherPicoUsd: picoUsd(this.#other),
      totalPicoUsd: picoUsd(total),
      priceVersion: this.#versions,
      unpriced: this.unpriced,
      billingCurrency: this.#mixedCurrencies ? 'USD' : this.#billingCurrency || billingCurrency,
      billingPicoAmount: inUsd ? total : this.#billing,
      providerStatedPicoUsd,
    }
  }

  #addKind(line: TokenLine | null, count: number): void {
    if (count === 0) return
    if (line === null) this.unpriced = true
    else this.#add(line.part, line, BigInt(count), 1n)
  }

  #add(part: CostPart, line: LineRate, num: bigint, den: bigint): void {
    const amount = times(line.usd, num, den)
    switch (part) {
      case 'input':
        this.#input += amount
        break
      case 'cachedInput':
        this.#cachedInput += amount
        break
      case 'cacheWrite':
        this.#cacheWrite += amount
        break
      case 'output':
        this.#output += amount
        break
      case 'other':
        this.#other += amount
        break
    }
    this.#billing += line.billing === line.usd ? amount : times(line.billing, num, den)
  }

  #note(price: Price, band: PriceBand): void {
    if (this.#versions !== band.version) this.#versions = joinVersions(this.#versions, band.version)
    if (this.#billingCurrency === '') this.#billingCurrency = price.billingCurrency
    else if (this.#billingCurrency !== price.billingCurrency) this.#mixedCurrencies = true
  }
}

function times(rate: Ratio, num: bigint, den: bigint): bigint {
  const divisor = rate.den * den
  return divisor === 1n ? rate.num * num : divideHalfEven(rate.num * num, divisor)
}
