import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { calcPrice, waitForUpdate } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { multiply, one, ratioOfDecimal } from '#core/money/ratio.ts'
import { makePriceBook } from '#core/pricing/price-book.ts'
import { cardAt } from '#core/pricing/schedule.ts'
import { globMatcher } from '#lib/glob.ts'
import { catalogVersion, openCatalog } from './catalog.ts'
import { withDashedDate } from './match.ts'

const catalog = await openCatalog()
const providers = (await waitForUpdate()) ?? []

function checkFound(query: { upstream?: string; vendor?: string; model: string }, expected: string | null): void {
  const found = catalog.find({ upstreamVendor: query.upstream ?? null, vendor: query.vendor ?? '', model: query.model })
  assert.equal(found === null ? null : `${found.vendor}/${found.id}`, expected)
}

test('the version is that of the installed package', () => {
  const file = new URL('../../../node_modules/@pydantic/genai-prices/package.json', import.meta.url)
  assert.equal(catalogVersion, `genai-prices@${JSON.parse(readFileSync(file, 'utf8')).version}`)
})

test('dated snapshots and other spellings are found in the list of their vendor', () => {
  checkFound({ vendor: 'openai', model: 'gpt-4.1-2025-04-14' }, 'openai/gpt-4.1')
  checkFound({ vendor: 'openai', model: 'GPT-4.1' }, 'openai/gpt-4.1')
  checkFound({ vendor: 'openai', model: 'gpt-4.1-20250414' }, 'openai/gpt-4.1')
  checkFound({ vendor: 'anthropic', model: 'claude-sonnet-4-5-20250929' }, 'anthropic/claude-sonnet-4-5')
  checkFound({ vendor: 'google', model: 'models/gemini-2.5-flash' }, 'google/gemini-2.5-flash')
  checkFound({ vendor: 'google', model: 'publishers/google/models/gemini-2.5-pro' }, 'google/gemini-2.5-pro')
  checkFound({ vendor: 'openai', model: 'no-such-model' }, null)
  checkFound({ vendor: '', model: '' }, null)
})

test('a relay is billed by its own list, and by the maker where it has none', () => {
  const model = 'anthropic/claude-sonnet-4.5'
  checkFound({ upstream: 'openrouter', vendor: 'anthropic', model }, 'openrouter/anthropic/claude-sonnet-4.5')
  checkFound({ vendor: 'anthropic', model }, 'anthropic/claude-sonnet-4-5')
  checkFound({ model }, 'anthropic/claude-sonnet-4-5')
  checkFound({ model: 'claude-sonnet-4-5' }, 'anthropic/claude-sonnet-4-5')
  checkFound({ upstream: 'azure', vendor: 'openai', model: 'gpt-5.2-2025-12-11' }, 'openai/gpt-5.2')
  checkFound({ upstream: 'groq', model: 'openai/gpt-oss-120b' }, 'groq/openai/gpt-oss-120b')
  checkFound({ model: 'gpt-oss:120b' }, null)
})

test('the free variant of a paid model is free', () => {
  const query = { upstreamVendor: 'openrouter', vendor: 'google', model: 'google/gemini-2.5-flash:free' }
  assert.deepEqual(Object.keys(catalog.find(query)?.cards[0]?.card ?? {}), ['input', 'output'])
})

test('an empty list means free only where that is documented', () => {
  const rates = (vendor: string, model: string) =>
    Object.keys(catalog.find({ upstreamVendor: null, vendor, model })?.cards[0]?.card ?? {})
  assert.deepEqual(rates('openai', 'omni-moderation-latest'), ['input', 'output'])
  assert.deepEqual(rates('cerebras', 'qwen-3-coder-480b'), [])
})

test('the address of an upstream says whose list it bills by', () => {
  for (const [kind, address, vendor] of [
    ['openai', 'https://api.openai.com/v1', 'openai'],
    ['openai', 'https://acme.openai.azure.com/openai', 'azure'],
    ['openai-compatible', 'https://openrouter.ai/api/v1', 'openrouter'],
    ['openai-compatible', 'https://relay.example/v1', null],
    ['anthropic', 'https://claude.example', 'anthropic'],
    ['simulated', null, null],
  ] as const) {
    assert.equal(catalog.vendorOfUpstream(kind, address), vendor, `${kind} ${address}`)
  }
})

test('a model name tells its maker where it is typical', () => {
  for (const [model, vendor] of [
    ['claude-next', 'anthropic'],
    ['gpt-99', 'openai'],
    ['o3-mini', 'openai'],
    ['gemini-9-flash', 'google'],
    ['models/gemini-9-flash', 'google'],
    ['deepseek-chat', 'deepseek'],
    ['Grok-7', 'x-ai'],
    ['my-own-model', null],
  ] as const) {
    assert.equal(catalog.vendorOfModel(model), vendor, model)
  }
  assert.ok(catalog.modelIds('openai').includes('gpt-4.1'))
  assert.deepEqual(catalog.modelIds('nobody'), [])
})

test('tiers are known by the words of every vendor', () => {
  const tier = (serviceTier?: string, trafficType?: string, speed?: string) =>
    catalog.tierOf({ serviceTier, trafficType, speed })
  for (const word of [undefined, '', 'default', 'auto', 'standard', 'on_demand']) assert.equal(tier(word), 'standard')
  assert.equal(tier('flex'), 'flex')
  assert.equal(tier('batch'), 'batch')
  assert.equal(tier('priority'), 'priority')
  assert.equal(tier('standard', 'ON_DEMAND_FLEX'), 'flex')
  assert.equal(tier(undefined, 'ON_DEMAND'), 'standard')
  assert.equal(tier(undefined, 'PROVISIONED_THROUGHPUT'), 'other')
  assert.equal(tier('scale'), 'other')
  assert.equal(tier('constructor'), 'other')
  assert.equal(tier('standard', undefined, 'fast'), 'fast')
  assert.equal(tier('batch', undefined, 'fast'), 'other')
  assert.equal(tier('standard', undefined, 'standard'), 'standard')
})

test('tier factors are those that the vendors state', () => {
  const factor = (vendor: string, model: string, tier: 'batch' | 'flex' | 'priority' | 'fast') => {
    const found = catalog.find({ upstreamVendor: null, vendor, model })?.tierFactors[tier]
    return found === undefined ? null : `${found.num}/${found.den}`
  }
  assert.equal(factor('openai', 'gpt-5', 'flex'), '1/2')
  assert.equal(factor('openai', 'gpt-5-nano', 'priority'), null)
  assert.equal(factor('anthropic', 'claude-sonnet-4-5', 'batch'), '1/2')
  assert.equal(factor('anthropic', 'claude-sonnet-4-5', 'priority'), null)
  assert.equal(factor('google', 'gemini-2.5-flash', 'batch'), '1/2')
  assert.equal(factor('deepseek', 'deepseek-chat', 'batch'), null)
})

test('priority costs what the vendor says that it costs', () => {
  // USD for a million tokens: input, cached input, output. https://openai.com/api-priority-processing/
  const stated: Readonly<Record<string, readonly string[]>> = {
    'gpt-4.1': ['3.5', '0.875', '14'],
    'gpt-4.1-mini': ['0.7', '0.175', '2.8'],
    'gpt-4.1-nano': ['0.2', '0.05', '0.8'],
    'gpt-4o': ['4.25', '2.125', '17'],
    'gpt-4o-2024-05-13': ['8.75', '', '26.25'],
    'gpt-4o-mini': ['0.25', '0.125', '1'],
    o3: ['3.5', '0.875', '14'],
    'o4-mini': ['2', '0.5', '8'],
    'gpt-5': ['2.5', '0.25', '20'],
    'gpt-5-mini': ['0.45', '0.045', '3.6'],
    'gpt-5.2': ['3.5', '0.35', '28'],
    'gpt-5.4': ['5', '0.5', '30'],
  }
  for (const [model, expected] of Object.entries(stated)) {
    const found = catalog.find({ upstreamVendor: 'openai', vendor: 'openai', model })
    const factor = found?.tierFactors.priority ?? one
    const card = found?.cards.at(-1)?.card ?? {}
    const rates = [card.input, card.cached, card.output].map((rate) => {
      if (rate === undefined) return ''
      const { num, den } = multiply(ratioOfDecimal(rate.amount), factor)
      return String(Number(num) / Number(den))
    })
    assert.deepEqual(rates, expected, model)
  }
})

test('every model of the catalog can be converted, at any time', () => {
  for (const vendor of catalog.vendors) {
    for (const id of catalog.modelIds(vendor)) {
      const model = catalog.find({ upstreamVendor: vendor, vendor, model: id })
      if (model === null) continue
      for (const atMs of [0, Date.UTC(2026, 0, 1), Date.UTC(2030, 0, 1)]) {
        assert.notEqual(cardAt(model.cards, atMs), null, `${vendor}/${id}`)
      }
    }
  }
})

test('dates in names are dashed only where they are dates', () => {
  assert.equal(withDashedDate('gpt-4o-20240806'), 'gpt-4o-2024-08-06')
  assert.equal(withDashedDate('gpt-4o-20241306'), 'gpt-4o-20241306')
  assert.equal(withDashedDate('m-20240806-x:y'), 'm-2024-08-06-x:y')
})

/** Models whose own id finds them, so that both sides speak of the same price list. */
const listed = providers.flatMap((provider) =>
  provider.models
    .filter((model) => !model.id.endsWith(':free') && Object.keys(model.prices).length > 0)
    .map((model) => ({ vendor: provider.id, id: model.id })),
)

test('list prices agree with the package on the same counts, to within its floating point', () => {
  const book = makePriceBook({
    catalog,
    overrides: [],
    upstreams: [],
    exchangeRates: [],
    costSource: 'computed',
    matcher: globMatcher,
  })
  const anyTime = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2027, 0, 1) })
  const counts = fc.record({
    fresh: fc.nat(400_000),
    cached: fc.nat(100_000),
    text: fc.nat(50_000),
    reasoning: fc.nat(50_000),
  })
  fc.assert(
    fc.property(fc.constantFrom(...listed), anyTime, counts, ({ vendor, id }, atMs, c) => {
      const theirs = theirPrice(
        { vendor, id, atMs },
        {
          input_tokens: c.fresh + c.cached,
          cache_read_tokens: c.cached,
          output_tokens: c.text + c.reasoning,
          output_reasoning_tokens: c.reasoning,
        },
      )
      // Theirs leaves out the fee of every request.
      if (id.includes('search-preview')) return
      if (theirs === null || theirs.model.id !== catalog.find({ upstreamVendor: null, vendor, model: id })?.id) return
      const usage = {
        inputTokens: c.fresh + c.cached,
        cachedInputTokens: c.cached,
        outputTokens: c.text + c.reasoning,
        reasoningTokens: c.reasoning,
      }
      const { cost } = book.priceCall({
        upstream: vendor,
        vendor,
        modelServed: id,
        modelRouted: id,
        endpoint: 'chat.completions',
        atMs,
        usage,
        usageSource: 'provider',
      })
      const ours = Number(cost.totalPicoUsd) / 1e12
      assert.ok(
        Math.abs(ours - theirs.total_price) <= 1e-9 * theirs.total_price,
        `${vendor}/${id} ${ours} ${theirs.total_price}`,
      )
    }),
    { numRuns: 2000 },
  )
})

function theirPrice({ vendor, id, atMs }: { vendor: string; id: string; atMs: number }, usage: Record<string, number>) {
  return calcPrice(usage, id, { providerId: vendor, timestamp: new Date(atMs) })
}
