import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadConfig } from '#config/load.ts'
import { type ServiceTier, serviceTiers } from '#core/pricing/catalog.ts'
import { makePriceBook } from '#core/pricing/price-book.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import { globMatcher } from '#lib/glob.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'

const catalog = await openCatalog()

/** Words of answers, and the tier of our own price list that they are billed by. */
const answers: readonly [words: Pick<ReportedUsage, 'serviceTier' | 'trafficType' | 'speed'>, tier: ServiceTier][] = [
  [{}, 'standard'],
  [{ serviceTier: 'default' }, 'standard'],
  [{ serviceTier: 'batch' }, 'batch'],
  [{ serviceTier: 'flex' }, 'flex'],
  [{ trafficType: 'ON_DEMAND_PRIORITY' }, 'priority'],
  [{ speed: 'fast' }, 'fast'],
  [{ speed: 'fast', serviceTier: 'batch' }, 'other'],
  [{ serviceTier: 'scale' }, 'other'],
  [{ trafficType: 'PROVISIONED_THROUGHPUT' }, 'other'],
]

/** USD per million tokens: another for each tier. */
const rateOf = (tier: ServiceTier): bigint => 3n + BigInt(serviceTiers.indexOf(tier))

function bookWith(tiers: readonly ServiceTier[]) {
  const lines = tiers.map(
    (tier) =>
      `  - {provider: up, model: "*", from: 2026-01-01, tier: ${tier}, input_per_mtok: ${rateOf(tier)}, output_per_mtok: 0}`,
  )
  const file = `providers: [{name: up, kind: anthropic, api_key: k}]\nprices:\n${lines.join('\n')}\n`
  const loaded = loadConfig({ env: { TOLLGATE_CONFIG: 'c.yaml' }, cwd: '/', readFile: () => file })
  assert.ok(loaded.ok, JSON.stringify(loaded))
  const { prices: overrides, providers: upstreams, exchangeRates, costSource } = loaded.config
  return makePriceBook({ catalog, overrides, upstreams, exchangeRates, costSource, matcher: globMatcher })
}

test('whatever tier an answer names, the price that the configuration has for it is booked; else standard, marked', () => {
  const tokens = fc.integer({ min: 1, max: 1_000_000 })
  const some = fc.subarray(serviceTiers.filter((tier) => tier !== 'standard'))
  fc.assert(
    fc.property(fc.constantFrom(...answers), some, tokens, ([words, tier], configured, inputTokens) => {
      const priced = bookWith(['standard', ...configured]).priceCall({
        upstream: 'up',
        vendor: 'anthropic',
        modelServed: 'claude-sonnet-4-5',
        modelRouted: 'claude-sonnet-4-5',
        endpoint: 'messages',
        atMs: Date.UTC(2026, 2, 1),
        usage: { inputTokens, ...words },
        usageSource: 'provider',
      })
      const known = tier === 'standard' || configured.includes(tier)
      assert.equal(priced.cost.totalPicoUsd, BigInt(inputTokens) * 1_000_000n * rateOf(known ? tier : 'standard'))
      assert.deepEqual(priced.marks, known ? [] : ['tier_not_priced'])
    }),
  )
})
