import { formatDecimal, parseDecimal } from '#core/money/decimal.ts'
import { divideHalfEven, type Ratio } from '#core/money/ratio.ts'
import { formatPico } from '#core/money/usd-text.ts'
import type { TokenKind } from '#core/usage/counts.ts'
import type { UnitName } from '#core/usage/units.ts'
import type { LineRate, Price, PriceBand } from './price.ts'

/** One rate for people: amounts as plain decimal text, rounded to 12 places where they do not end. */
interface RateText {
  readonly name: string
  /** What the amount buys. */
  readonly per: string
  readonly usd: string
  /** The same in the currency of the bill. */
  readonly billing: string
}

interface BandText {
  /** Holds for requests with more input tokens than this. */
  readonly overTokens: number
  readonly version: string
  readonly rates: readonly RateText[]
}

/** Names of the rates in the order in which they are shown; a special one only where it differs from the general one. */
const tokenRates: readonly { readonly kind: TokenKind; readonly name: string; readonly like?: TokenKind }[] = [
  { kind: 'textInput', name: 'input' },
  { kind: 'textCached', name: 'cached input', like: 'textInput' },
  { kind: 'cacheWrite5m', name: 'cache write 5m', like: 'textInput' },
  { kind: 'cacheWrite1h', name: 'cache write 1h', like: 'textInput' },
  { kind: 'audioInput', name: 'input audio', like: 'textInput' },
  { kind: 'audioCached', name: 'cached audio', like: 'textCached' },
  { kind: 'imageInput', name: 'input image', like: 'textInput' },
  { kind: 'imageCached', name: 'cached image', like: 'textCached' },
  { kind: 'videoInput', name: 'input video', like: 'textInput' },
  { kind: 'textOutput', name: 'output' },
  { kind: 'reasoning', name: 'reasoning', like: 'textOutput' },
  { kind: 'audioOutput', name: 'output audio', like: 'textOutput' },
  { kind: 'imageOutput', name: 'output image', like: 'textOutput' },
  { kind: 'videoOutput', name: 'output video', like: 'textOutput' },
]

const unitRates: Readonly<Partial<Record<UnitName, { readonly per: string; readonly count: bigint }>>> = {
  audio_second: { per: 'hour', count: 3_600n },
  citation_token: { per: '1M tokens', count: 1_000_000n },
}
const perThousand = { per: '1K', count: 1_000n }

export function describePrice(price: Price): BandText[] {
  return price.bands.map((band) => ({
    overTokens: band.overTokens,
    version: band.version,
    rates: [...tokenTexts(band), ...unitTexts(band)],
  }))
}

function tokenTexts(band: PriceBand): RateText[] {
  const lines = new Map(band.tokens.map((line) => [line.kind, line]))
  const texts: RateText[] = []
  for (const { kind, name, like } of tokenRates) {
    const line = lines.get(kind)
    const general = like === undefined ? undefined : lines.get(like)
    if (line === undefined || (general !== undefined && sameRatio(line.usd, general.usd))) continue
    texts.push(rateText(name, line, { per: '1M tokens', count: 1_000_000n }))
  }
  return texts
}

function unitTexts(band: PriceBand): RateText[] {
  const search = band.units.find(({ unit }) => unit === 'web_search')
  const shown = band.units.filter(
    ({ unit, usd }) => unit !== 'web_search_preview' || search === undefined || !sameRatio(usd, search.usd),
  )
  return shown.map((line) => rateText(line.unit.replaceAll('_', ' '), line, unitRates[line.unit] ?? perThousand))
}

function rateText(name: string, line: LineRate, { per, count }: { per: string; count: bigint }): RateText {
  return { name, per, usd: amountText(line.usd, count), billing: amountText(line.billing, count) }
}

function amountText(rate: Ratio, count: bigint): string {
  return formatDecimal(parseDecimal(formatPico(divideHalfEven(rate.num * count, rate.den))))
}

function sameRatio(a: Ratio, b: Ratio): boolean {
  return a.num === b.num && a.den === b.den
}
