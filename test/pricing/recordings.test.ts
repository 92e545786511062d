import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatUsd, parseUsd } from '#core/money/usd-text.ts'
import { makePriceBook } from '#core/pricing/price-book.ts'
import type { PricedCall } from '#core/pricing/price-call.ts'
import { globMatcher } from '#lib/glob.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'
import { findRecordings, type Recording, readRecordings, recordingsMissing } from '#test/recordings/locate.ts'
import { bodyOf, readStream, readWhole, sourceOf } from '#test/recordings/replay.ts'

/** A second opinion on a recording: prices by another project, by its own reading of the same body. */
interface Reference {
  readonly providerId: string
  readonly inputPriceUsd: string
  readonly outputPriceUsd: string
}

/** The evening before the references were computed: a price changed on that very day. */
const atMs = Date.UTC(2026, 7, 20, 20)

/** Where we differ from the reference: what we compute, and why that is right. */
const explained: Readonly<Record<string, readonly [input: string, output: string, why: string]>> = {
  'anthropic/messages-json-advisor-two-models.json': [
    '0.017370000000',
    '0.001760000000',
    'the reference leaves out the advisor’s pass, which is a second model (metering 2)',
  ],
  'google/chat.completions-json-openai-compat-thinking.json': [
    '0.000043750000',
    '0.000740000000',
    'the reference leaves out thinking that shows only in the total (metering 16)',
  ],
}

/** Where we differ from what the provider itself states: what we compute, and why. */
const statedOtherwise: Readonly<Record<string, readonly [total: string, why: string]>> = {
  'openrouter/chat.completions-json-cost-reasoning.json': [
    '0.000006666000',
    'several hosts serve the model at different prices; the list has one of them and the answer names none',
  ],
  'openrouter/chat.completions-stream-advisor-hidden-cost.json': [
    '0.000177600000',
    'the second model that advised is in the stated cost only, not in the usage',
  ],
  'perplexity/chat.completions-json-sonar-cost.json': ['0.005023000000', 'the statement rounds what the tokens cost'],
  'perplexity/chat.completions-stream-sonar-cumulative.json': [
    '0.005137000000',
    'the statement rounds what the tokens cost',
  ],
  'xai/responses-json-responses-web-search.json': [
    '0.006150850000',
    'searches are not in the list, so the record is marked unpriced_web_search',
  ],
}

const directory = findRecordings()
const catalog = await openCatalog()

function priceRecording(recording: Recording): PricedCall | null {
  const reading = recording.stream ? readStream(sourceOf(recording), [bodyOf(recording)]).reading : readWhole(recording)
  const { expected, provider, api } = recording
  const model = reading.model ?? (expected['modelFromRequest'] as string | undefined) ?? ''
  const vendor = referenceOf(recording)?.providerId ?? provider
  const billing = { currency: 'USD', discounts: [] }
  const book = makePriceBook({
    matcher: globMatcher,
    catalog,
    overrides: [],
    upstreams: [{ name: 'up', kind: vendor, baseUrl: null, billing }],
    exchangeRates: [],
    costSource: 'computed',
  })
  return book.priceCall({
    upstream: 'up',
    vendor,
    modelServed: model,
    modelRouted: model,
    endpoint: api,
    atMs,
    usage: reading.usage,
    usageSource: reading.usage === null ? 'none' : 'provider',
  })
}

function referenceOf(recording: Recording): Reference | undefined {
  return (recording as Recording & { readonly reference?: Reference }).reference
}

function inputOf({ cost }: PricedCall): bigint {
  return cost.inputPicoUsd + cost.cachedInputPicoUsd + cost.cacheWritePicoUsd
}

if (directory === null) {
  test('prices of recorded traffic', (context) => {
    context.diagnostic(recordingsMissing)
    assert.equal(directory, null)
  })
} else {
  const recordings = readRecordings(directory)

  test('recorded calls cost what the second opinion says, or differ for a known reason', () => {
    let compared = 0
    for (const recording of recordings) {
      const reference = referenceOf(recording)
      const priced = reference === undefined ? null : priceRecording(recording)
      if (reference === undefined || priced === null) continue
      const other = explained[recording.name]
      const [input, output] = other ?? [reference.inputPriceUsd, reference.outputPriceUsd]
      assertNear(inputOf(priced), input, `${recording.name}: input`)
      assertNear(priced.cost.outputPicoUsd, output, `${recording.name}: output`)
      if (other !== undefined)
        assert.notEqual(formatUsd(parseUsd(reference.outputPriceUsd)), output, 'no longer differs')
      compared += 1
    }
    assert.ok(compared >= 19, `${compared} references`)
  })

  test('every recorded call has parts that add up, and is either priced or says that it is not', () => {
    for (const recording of recordings) {
      const { cost, tokens, marks } = priceRecording(recording) as PricedCall
      assert.equal(inputOf({ cost } as PricedCall) + cost.outputPicoUsd + cost.otherPicoUsd, cost.totalPicoUsd)
      const free = cost.priceVersion.includes(':free')
      if (tokens.input + tokens.output > 0 && cost.totalPicoUsd === 0n && !free) {
        assert.ok(cost.unpriced && marks.includes('unpriced'), recording.name)
      }
    }
  })

  test('our cost is what the provider states, to the last digit, or differs for a known reason', () => {
    let same = 0
    for (const recording of recordings) {
      const { cost } = priceRecording(recording) as PricedCall
      if (cost.providerStatedPicoUsd === null) continue
      const other = statedOtherwise[recording.name]
      assert.equal(formatUsd(cost.totalPicoUsd), other?.[0] ?? formatUsd(cost.providerStatedPicoUsd), recording.name)
      if (other === undefined) same += 1
      else assert.notEqual(cost.totalPicoUsd, cost.providerStatedPicoUsd, `${recording.name} no longer differs`)
    }
    assert.ok(same >= 10, `${same} equal costs`)
  })
}

/** The reference is floating point, so equal means within 1e-9 of it. */
function assertNear(ours: bigint, theirs: string, message: string): void {
  const expected = parseUsd(theirs)
  const off = ours > expected ? ours - expected : expected - ours
  assert.ok(off * 1_000_000_000n <= expected, `${message} costs ${ours}, the reference says ${expected}`)
}
