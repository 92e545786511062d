import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '#config/load.ts'
import { parseUsd } from '#core/money/usd-text.ts'
import { makePriceBook } from '#core/pricing/price-book.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import { globMatcher } from '#lib/glob.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'

const catalog = await openCatalog()
const million = { inputTokens: 1_000_000 }

/** Prices a call with the real list. */
function priced(yaml: string, { served, routed = served }: { served: string; routed?: string }, usage: ReportedUsage) {
  const loaded = loadConfig({ env: { TOLLGATE_CONFIG: 'c.yaml' }, cwd: '/', readFile: () => yaml })
  assert.ok(loaded.ok, JSON.stringify(loaded))
  const { prices: overrides, providers: upstreams, exchangeRates, costSource } = loaded.config
  const book = makePriceBook({ catalog, overrides, upstreams, exchangeRates, costSource, matcher: globMatcher })
  const vendor = served.startsWith('claude') ? 'anthropic' : 'openai'
  const { cost, marks } = book.priceCall({
    ...{ upstream: 'up', vendor, modelServed: served, modelRouted: routed, endpoint: 'chat.completions' },
    ...{ atMs: Date.UTC(2026, 10, 2, 12), usage, usageSource: 'provider' },
  })
  return { usd: cost.totalPicoUsd, marks, version: cost.priceVersion }
}

const openaiAt = (address: string, more = '') =>
  `providers: [{name: up, kind: openai, api_key: k, base_url: "${address}"${more}}]\n`
const cheap = { inputTokens: 100_000 }

test("OpenAI's regional addresses cost a tenth more, for models from March 2026 on", () => {
  const plain = priced(openaiAt('https://api.openai.com/v1'), { served: 'gpt-5.5' }, cheap)
  for (const place of ['eu', 'us', 'jp']) {
    const there = priced(openaiAt(`https://${place}.api.openai.com/v1`), { served: 'gpt-5.5-2026-04-23' }, cheap)
    assert.deepEqual([there.usd, there.marks], [parseUsd('0.55'), []])
    assert.match(there.version, / geo=region$/)
  }
  assert.deepEqual([plain.usd, plain.marks], [parseUsd('0.5'), []])
  const eu = openaiAt('https://eu.api.openai.com/v1')
  for (const served of [
    'gpt-4.1',
    'gpt-5',
    'gpt-5-mini',
    'gpt-5.2',
    'o3-pro',
    'text-embedding-3-small',
    'gpt-4o-mini',
  ]) {
    const here = priced(openaiAt('https://api.openai.com/v1'), { served }, cheap)
    assert.deepEqual(priced(eu, { served }, cheap), here)
  }
  const batch = priced(eu, { served: 'gpt-5.5' }, { ...cheap, serviceTier: 'batch' })
  assert.equal(batch.usd, parseUsd('0.275'))
})

test('a regional model of which nobody has said what it costs there is booked as listed, and marked', () => {
  const eu = openaiAt('https://eu.api.openai.com/v1')
  assert.deepEqual(priced(eu, { served: 'gpt-image-2' }, cheap).marks, ['geo_not_priced'])
  assert.deepEqual(priced(openaiAt('https://api.openai.com/v1'), { served: 'gpt-image-2' }, cheap).marks, [])
})

test('every model of the list is either from before the regions, since, or marked', () => {
  const unsaid = catalog
    .modelIds('openai')
    .filter((served) =>
      priced(openaiAt('https://eu.api.openai.com'), { served }, million).marks.includes('geo_not_priced'),
    )
  assert.deepEqual(unsaid, ['gpt-5.4-image-2', 'gpt-chat-latest', 'gpt-image-2', 'gpt-realtime-2', 'gpt-transcribe'])
})

test('an address that only looks like one of the regions is none', () => {
  for (const address of [
    'https://eu.api.openai.com.example.org',
    'https://europe.api.openai.com',
    'https://relay.org/eu.api.openai.com/',
  ]) {
    assert.equal(priced(openaiAt(address), { served: 'gpt-5.5' }, cheap).usd, parseUsd('0.5'))
  }
})

const claude = 'providers: [{name: up, kind: anthropic, api_key: k}]\n'

test('fast mode has its factor for every model that has it', () => {
  for (const [served, factor] of [
    ['claude-opus-4-8', 2n],
    ['claude-opus-5', 2n],
    ['claude-opus-5-5', 2n],
  ] as const) {
    const usual = priced(claude, { served }, million)
    const fast = priced(claude, { served }, { ...million, speed: 'fast' })
    assert.deepEqual(fast.marks, [])
    assert.equal(fast.usd, usual.usd * factor)
  }
})

const fableAtNine =
  'prices: [{provider: up, model: claude-fable-5, from: 2026-01-01, input_per_mtok: 9, output_per_mtok: 45}]\n'

test('an override of the model that was asked for does not price another one of the vendor that answered', () => {
  const served = 'claude-opus-4-8'
  const other = priced(claude + fableAtNine, { served, routed: 'claude-fable-5' }, cheap)
  assert.deepEqual(other, priced(claude, { served }, cheap))
  const own = priced(claude + fableAtNine, { served: 'claude-fable-5-20260609', routed: 'claude-fable-5' }, cheap)
  assert.deepEqual([own.usd, own.marks], [parseUsd('0.9'), []])
})

test('a relay is paid for what was asked of it; that it names another known model is marked', () => {
  const relay = `providers: [{name: up, kind: openai-compatible, api_key: k, base_url: "https://relay.example/v1"}]
prices: [{provider: up, model: big, from: 2026-01-01, input_per_mtok: 100, output_per_mtok: 200}]\n`
  const named = priced(relay, { served: 'gpt-4.1-mini', routed: 'big' }, cheap)
  assert.deepEqual([named.usd, named.marks], [parseUsd('10'), ['priced_as_routed']])
  assert.deepEqual(priced(relay, { served: 'big-v3', routed: 'big' }, cheap).marks, [])
})

test('Anthropic does not bill what is refused at once; whoever stands between may', () => {
  const refused = { inputTokens: 10_000, outputTokens: 1, refusedAtOnce: true } as const
  const own = priced(claude, { served: 'claude-fable-5' }, refused)
  assert.deepEqual([own.usd, own.marks], [0n, ['refusal_not_billed']])
  const relay = 'providers: [{name: up, kind: openai-compatible, api_key: k, base_url: "https://relay.example/v1"}]\n'
  const { refusedAtOnce: _, ...counted } = refused
  assert.deepEqual(
    priced(relay, { served: 'claude-fable-5' }, refused),
    priced(relay, { served: 'claude-fable-5' }, counted),
  )
})
