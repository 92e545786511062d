import fc from 'fast-check'
import { type EndpointName, externalMark, type Outcome, type SettleEntry } from '#core/ledger/entry.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import type { UsageSource } from '#core/usage/reported.ts'

const amount = fc.bigInt({ min: 0n, max: 10n ** 20n }).map(picoUsd)
const tokens = fc.nat({ max: 2_000_000 })
const outcomes: readonly Outcome[] = ['served', 'failed', 'cancelled', 'refused', 'interrupted']
const sources: readonly UsageSource[] = ['provider', 'estimated', 'none']
const endpoints: readonly EndpointName[] = ['chat.completions', 'messages', 'generateContent', 'embeddings']
/** Any text, with what trips up escaping among it. */
const label = fc.oneof(
  fc.constantFrom('', 'engineering', "o'neill", 'a\\b', 'tab\tnew\nline', 'ünïcödé 🧾', '{"json":1}', '=1+1', '\u0000'),
  fc.string({ unit: 'binary', maxLength: 12 }),
)

const cost = fc
  .record({
    input: amount,
    cached: amount,
    write: amount,
    output: amount,
    other: amount,
    unpriced: fc.boolean(),
    currency: fc.constantFrom('USD', 'USD', 'CNY'),
    billing: amount,
    stated: fc.option(amount),
  })
  .map(({ input, cached, write, output, other, unpriced, currency, billing, stated }) => {
    const total = picoUsd(input + cached + write + output + other)
    return {
      inputPicoUsd: input,
      cachedInputPicoUsd: cached,
      cacheWritePicoUsd: write,
      outputPicoUsd: output,
      otherPicoUsd: other,
      totalPicoUsd: total,
      priceVersion: unpriced ? '' : 'catalog/openai/gpt-4.1/2025-04-14',
      unpriced,
      billingCurrency: currency,
      billingPicoAmount: currency === 'USD' ? total : billing,
      providerStatedPicoUsd: stated,
    }
  })

const payer = fc.record({
  department: fc.constantFrom('engineering', 'sales', ''),
  project: label,
  costCenter: fc.constantFrom('cc_1', 'cc_2', ''),
  userId: label,
  sessionId: label,
  featureFlag: fc.constantFrom('', 'beta'),
  requestPath: label,
  tags: fc.dictionary(fc.constantFrom('team', 'env', 'ticket'), label, { maxKeys: 3 }),
})

/** Any settled call that began in [fromMs, toMs). */
export function settleEntries(fromMs: number, toMs: number): fc.Arbitrary<SettleEntry> {
  const call = fc.record({
    callId: fc.uuid(),
    requestId: label,
    startedAtMs: fc.integer({ min: fromMs, max: toMs - 1 }),
    payer,
    keyId: fc.constantFrom('key_1', 'key_2'),
    vendor: fc.constantFrom('openai', 'anthropic'),
    upstream: fc.constantFrom('openai', 'relay'),
    modelRequested: fc.constantFrom('gpt-4.1', 'fast'),
    modelRouted: fc.constantFrom('gpt-4.1', 'claude-sonnet-4.5'),
    endpoint: fc.constantFrom(...endpoints),
    stream: fc.boolean(),
    promptHash: fc.constantFrom('', 'abc'),
  })
  const rest = fc.record({
    outcome: fc.constantFrom(...outcomes),
    modelServed: fc.constantFrom('gpt-4.1-2025-04-14', 'claude-sonnet-4-5'),
    usageSource: fc.constantFrom(...sources),
    tokens: fc.record({
      input: tokens,
      cachedInput: tokens,
      cacheWrite5m: tokens,
      cacheWrite1h: tokens,
      output: tokens,
      reasoning: tokens,
      inputAudio: tokens,
      outputAudio: tokens,
      inputImage: tokens,
      outputImage: tokens,
    }),
    units: fc.dictionary(fc.constantFrom('web_search', 'audio_second'), fc.nat({ max: 1000 }), { maxKeys: 2 }),
    cost,
    marks: fc.uniqueArray(fc.constantFrom('unpriced', 'cached_over_input', externalMark), { maxLength: 2 }),
    latencyMs: fc.nat({ max: 600_000 }),
    timeToFirstTokenMs: fc.option(fc.nat({ max: 60_000 })),
    overheadMs: fc.nat({ max: 9_999 }).map((value) => value / 1000),
    statusCode: fc.constantFrom(200, 400, 429, 502),
    errorCode: fc.constantFrom('', 'rate_limited'),
    errorMessage: label,
    attempts: fc.array(
      fc.record({
        startedAfterMs: fc.nat({ max: 10_000 }),
        durationMs: fc.nat({ max: 10_000 }),
        status: fc.constantFrom(0, 200, 503),
        errorCode: fc.constantFrom('', 'connect_timeout'),
      }),
      { maxLength: 4 },
    ),
    cacheHit: fc.boolean(),
  })
  return fc.tuple(call, rest).map(([facts, course]) =>
    // The clone has ordinary prototypes, which some of the generated objects have not.
    structuredClone({
      kind: 'settle' as const,
      call: facts,
      endedAtMs: facts.startedAtMs + course.latencyMs,
      ...course,
    }),
  )
}
