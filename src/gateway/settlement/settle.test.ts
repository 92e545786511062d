import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import { greatestLineBytes, longestErrorMessage, longestName, longestPriceVersion } from '#core/ledger/entry-bounds.ts'
import { makePriceBook } from '#core/pricing/price-book.ts'
import { globMatcher } from '#lib/glob.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'
import { noReach } from '#providers/requests/reach.ts'
import { worst, worstCall } from '#test/journal/worst-call.ts'
import { noReading } from '../answer/delivery.ts'
import { CallControl } from '../call-control.ts'
import type { EndedCall } from './end-call.ts'
import { settle } from './settle.ts'
import { settleFault } from './settle-fault.ts'

/** Lists every model whose name ends in `:free`. */
const relay = {
  ...{ name: worst(longestName), kind: 'openai-compatible', baseUrl: 'https://openrouter.ai/api/v1' },
  billing: { currency: 'USD', discounts: [] },
}
const prices = makePriceBook({
  ...{ matcher: globMatcher, catalog: await openCatalog(), overrides: [], upstreams: [relay], exchangeRates: [] },
  costSource: 'provider',
})
const clock = { wallMs: () => 1_790_000_000_000.5, monotonicMs: () => 1_234_567.891 }
const call = { ...worstCall(), startedAtMs: 1_790_000_000_000, endpoint: 'messages' as const }

const text = fc
  .tuple(fc.constantFrom('a', '\0', '"', 'é', '\ud800'), fc.constantFrom(0, 20, 300, 40_000))
  .map(([unit, count]) => unit.repeat(count))
const tokens = fc.option(fc.maxSafeNat(), { nil: undefined })
const pass = fc
  .tuple(text, fc.nat(), fc.maxSafeNat())
  .map(([name, n, inputTokens]) => ({ model: `${n}${name.slice(0, 250)}:free`, inputTokens, outputTokens: 1 }))

test('whatever an answer says, the record of a call keeps to its bounds', () => {
  fc.assert(
    fc.property(
      fc.record({ model: fc.option(text), code: text, message: text, cost: text, tier: text, geo: text }),
      fc.record({
        inputTokens: tokens,
        outputTokens: tokens,
        audioInputTokens: tokens,
        passes: fc.array(pass, { maxLength: 40, size: 'max' }),
      }),
      fc.record({ status: fc.constantFrom(200, 404, 500), clientLeft: fc.boolean(), failed: fc.boolean() }),
      (said, { passes, ...counts }, { status, clientLeft, failed }) => {
        const { code, message, tier: serviceTier, geo: inferenceGeo } = said
        const some = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined))
        const usage = { ...some, iterations: passes, providerCostUsd: said.cost, serviceTier, inferenceGeo }
        const ended = {
          open: {
            ...{ call, arrival: { arrivedAtMs: 0.123 }, control: new CallControl() },
            ask: { reach: { ...noReach, serviceTier: 'flex', inferenceGeo: 'us' } },
            reserved: { marks: Array.from({ length: 40 }, (_, n) => `rerouted:${worst(128, n)}`) },
          },
          delivery: {
            reading: { ...noReading, model: said.model, error: failed ? { code, message } : null },
            ...{ fault: null, clientLeft, cut: { budget: worst(128), message }, firstByteAtMs: 1.5 },
            upstreamEndedAtMs: 2.5,
          },
          attempts: Array.from({ length: 11 }, () => ({
            ...{ startedAfterMs: 1.123, durationMs: 2.345, status, errorCode: `http_${status}` },
          })),
          statusCode: status,
        } as unknown as EndedCall
        const record = settle({ prices, clock }, ended, { usage, source: 'provider' })
        assert.ok(Buffer.byteLength(encodeEntry(record)) < greatestLineBytes)
        assert.ok(record.errorMessage.length <= longestErrorMessage)
        assert.ok(record.cost.priceVersion.length <= longestPriceVersion)
      },
    ),
  )
})

test('the record of a call that a fault has ended keeps to them as well', async () => {
  const written: Parameters<typeof encodeEntry>[0][] = []
  const append = async (entry: Parameters<typeof encodeEntry>[0]) => void written.push(entry)
  const road = { clock, prices, journal: { append } } as unknown as Parameters<typeof settleFault>[0]
  const entry = { kind: 'open', call, estimatedInputTokens: Number.MAX_SAFE_INTEGER }
  const open = { control: new CallControl(), entry, arrival: { arrivedAtMs: 1_234_000 } }
  await settleFault(road, open as unknown as Parameters<typeof settleFault>[1])
  const [record, ...others] = written
  assert.ok(record?.kind === 'settle' && others.length === 0)
  assert.ok(Buffer.byteLength(encodeEntry(record)) < greatestLineBytes)
  const { outcome, latencyMs, statusCode, errorCode } = record
  assert.deepEqual([outcome, Math.round(latencyMs), statusCode, errorCode], ['failed', 568, 500, 'internal_error'])
  open.control.settled = true
  await settleFault(road, open as unknown as Parameters<typeof settleFault>[1])
  assert.equal(written.length, 1)
})
