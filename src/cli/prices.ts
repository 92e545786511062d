import { Command, Option } from 'commander'
import { type ServiceTier, serviceTiers } from '#core/pricing/catalog.ts'
import { type PrintOptions, placeOverrides, withPlaceOptions } from './options/place-options.ts'
import { parseInstant } from './options/values.ts'
import { jsonText } from './output/json-text.ts'

/** What the prices of one model look like at one provider. */
export interface ListedPrice {
  readonly provider: string
  readonly model: string
  /** Why there is no price; null where there is one. */
  readonly problem: string | null
  readonly billingCurrency: string
  /** What is odd about it: `tier_not_priced`, … */
  readonly marks: readonly string[]
  readonly bands: readonly {
    readonly overTokens: number
    readonly version: string
    readonly rates: readonly {
      readonly name: string
      readonly per: string
      readonly usd: string
      readonly billing: string
    }[]
  }[]
}

export interface PricesQuery {
  readonly model: string
  /** Null = every configured provider that serves the model. */
  readonly provider: string | null
  readonly tier: ServiceTier
  /** Null = now. */
  readonly atMs: number | null
}

export interface PricesAnswer {
  readonly at: string
  readonly prices: readonly ListedPrice[]
  /** Names like the one that was asked for, where that has no price. */
  readonly closeMatches: readonly string[]
}

/** Given variables of the environment to add. */
export type LookUpPrices = (query: PricesQuery, overrides: Record<string, string>) => Promise<PricesAnswer>

interface Options extends PrintOptions {
  readonly provider?: string
  readonly tier: ServiceTier
  readonly at?: number
}

const more = `
Examples:
  tollgate prices gpt-4.1
  tollgate prices claude-sonnet-4-5 --provider anthropic --tier batch
  tollgate prices deepseek-chat --at 2026-03-01T12:00:00Z --json

Amounts are what a call is booked with: overrides, discounts, exchange rates and the tier are in them. The version is
what the records of such calls carry.`

/** `tollgate prices MODEL`: the rates in force and where they come from. Ends with code 1 where there is no price. */
export function pricesCommand(look: LookUpPrices): Command {
  const command = new Command('prices')
    .description('Which prices are in force for a model, and where they come from.')
    .argument('<model>', 'name of the model, as a client would ask for it')
    .option('-p, --provider <name>', 'only at this configured provider')
    .addOption(new Option('-t, --tier <tier>', 'service tier').choices(serviceTiers).default('standard'))
    .option('--at <date>', 'at this time, ISO 8601, UTC where it names no zone (default: now)', parseInstant)
    .option('--json', 'print JSON')
    .addHelpText('after', more)
  return withPlaceOptions(command).action(async (model: string, { provider, tier, at, json, ...place }: Options) => {
    const answer = await look({ model, provider: provider ?? null, tier, atMs: at ?? null }, placeOverrides(place))
    process.stdout.write(json === true ? jsonText(answer) : pricesText(answer, model))
    if (answer.prices.every((price) => price.problem !== null)) process.exitCode = 1
  })
}

/** Exported for its test. */
export function pricesText({ at, prices, closeMatches }: PricesAnswer, model: string): string {
  const lines = [`Prices of ${model} at ${at}`]
  for (const price of prices) lines.push('', ...priceLines(price))
  if (closeMatches.length > 0) lines.push('', `Did you mean ${closeMatches.join(', ')}?`)
  return `${lines.join('\n')}\n`
}

function priceLines(price: ListedPrice): string[] {
  if (price.problem !== null) return [`${price.provider}: ${price.problem}`]
  const lines = [`${price.provider}${price.marks.length > 0 ? ` (${price.marks.join(', ')})` : ''}`]
  const foreign = price.billingCurrency !== 'USD'
  for (const band of price.bands) {
    if (band.overTokens > 0) lines.push(`  above ${band.overTokens} input tokens`)
    const width = Math.max(...band.rates.map((rate) => rate.usd.length), 0)
    for (const rate of band.rates) {
      const bill = foreign ? `   (${rate.billing} ${price.billingCurrency})` : ''
      lines.push(`  ${rate.name.padEnd(16)} ${rate.usd.padStart(width)} USD per ${rate.per}${bill}`)
    }
    lines.push(`  version: ${band.version}`)
  }
  return lines
}
