import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pricesIn } from '#compose/commands/prices.ts'
import { loadConfig } from '#config/load.ts'
import type { ServiceTier } from '#core/pricing/catalog.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'

const file = `
providers:
  - {name: holysheep, kind: openai-compatible, base_url: "https://relay.example/v1", api_key: k, models: ["gpt-4.1*"], billing: {currency: CNY}}
  - {name: openai, kind: openai, api_key: k, billing: {discount_percent: 10}}
prices:
  - {provider: holysheep, model: gpt-4.1, from: 2026-01-01, input_per_mtok: "8.00", output_per_mtok: "8.00", currency: CNY}
exchange_rates:
  - {from: CNY, to: USD, rate: "0.14", since: 2026-01-01}
`

const catalog = await openCatalog()

function ask(model: string, provider: string | null, tier: ServiceTier = 'standard') {
  const loaded = loadConfig({ env: { TOLLGATE_CONFIG: 'c.yaml' }, cwd: '/', readFile: () => file })
  assert.ok(loaded.ok, JSON.stringify(loaded))
  return pricesIn(loaded.config, catalog, { model, provider, tier, atMs: Date.UTC(2026, 2, 1) })
}

test('the prices of the configuration are those that calls are booked with', () => {
  const { prices } = ask('gpt-4.1', null)
  assert.deepEqual(
    prices.map((price) => [price.provider, price.billingCurrency, price.bands[0]?.rates[0], price.bands[0]?.version]),
    [
      [
        'holysheep',
        'CNY',
        { name: 'input', per: '1M tokens', usd: '1.12', billing: '8' },
        'override holysheep/gpt-4.1 from=2026-01-01 tier=standard input_per_mtok=8 output_per_mtok=8 CNY/USD=0.14',
      ],
      [
        'openai',
        'USD',
        { name: 'input', per: '1M tokens', usd: '1.8', billing: '1.8' },
        'genai-prices@0.1.8 openai/gpt-4.1 from=always tier=standard discount=10%',
      ],
    ],
  )
})

test('a model without a price says why and names what is close', () => {
  const { prices, closeMatches } = ask('gpt-4.11', 'openai')
  assert.deepEqual(
    prices.map((price) => price.problem),
    ['no price is known'],
  )
  assert.ok(closeMatches.includes('gpt-4.1'))
  assert.match(ask('gpt-4.1', 'nobody').prices[0]?.problem ?? '', /no configured provider/)
})
