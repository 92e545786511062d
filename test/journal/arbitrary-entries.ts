import fc from 'fast-check'
import {
  type Attempt,
  type CallFacts,
  endpointNames,
  type LedgerEntry,
  type OpenEntry,
  outcomes,
  type SettleEntry,
  type TraceLink,
} from '#core/ledger/entry.ts'
import { picoUsd } from '#core/money/pico-usd.ts'

/** Plain objects, as the codec makes them. */
function record<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}

/** Ordinary texts, any Unicode, and what breaks line-based formats: line ends of all kinds, lone surrogates, quotes. */
const text = fc.oneof(
  fc.constant(''),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('\n', '\r', '\u2028', '\u2029', '\u0000', '\ud800', '\udc00', '"', '\\', 'é', '}', ','),
    maxLength: 6,
  }),
)

const count = fc.oneof(fc.constant(0), fc.nat(), fc.maxSafeNat())
/** JSON has no negative zero, and no number of ours is one. */
const number = fc.oneof(
  fc.constant(0),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  // What is written digit by digit: whole microseconds in milliseconds, and times of day.
  fc.nat().map((micros) => micros / 1000),
  fc.maxSafeNat(),
)
const amount = fc
  .oneof(fc.constant(0n), fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: 0n, max: 10n ** 12n }))
  .map(picoUsd)
/**
 * Without backslashes: V8 14 takes the escape in `"\\""` for a key that is a lone backslash, where an object with such
 * a key was parsed before.
 */
const name = fc
  .oneof(text, fc.constantFrom('__proto__', 'constructor', '1', 'web_search'))
  .map((any) => any.replaceAll('\\', '/'))

const call: fc.Arbitrary<CallFacts> = record({
  callId: text,
  requestId: text,
  startedAtMs: number,
  payer: record({
    department: text,
    project: text,
    costCenter: text,
    userId: text,
    sessionId: text,
    featureFlag: text,
    requestPath: text,
    tags: fc.dictionary(name, text, { noNullPrototype: true, maxKeys: 4 }),
  }),
  keyId: text,
  vendor: text,
  upstream: text,
  modelRequested: text,
  modelRouted: text,
  endpoint: fc.constantFrom(...endpointNames),
  stream: fc.boolean(),
  promptHash: text,
})

const attempt: fc.Arbitrary<Attempt> = record({
  startedAfterMs: number,
  durationMs: number,
  status: count,
  errorCode: text,
})

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })

const trace: fc.Arbitrary<TraceLink> = record({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: fc.oneof(fc.constant(''), hex(16)),
})

/** As most are, or with its place in a trace. */
function mayBeTraced<T extends object>(entry: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.tuple(entry, fc.option(trace)).map(([plain, link]) => (link === null ? plain : { ...plain, trace: link }))
}

const opened = record({ kind: fc.constant('open' as const), call, estimatedInputTokens: count })
const job = record({
  responseId: text.filter((id) => id !== ''),
  hold: record({ picoUsd: amount, tokens: count }),
  batch: record({ endpoint: fc.constantFrom(...endpointNames), model: text }),
})

/** Calls; jobs with all that is known of them; those of versions that did not write down what is held or ordered. */
const open: fc.Arbitrary<OpenEntry> = fc.oneof(
  opened,
  fc.tuple(opened, job).map(([entry, more]) => ({ ...entry, ...more })),
  fc.tuple(opened, job).map(([entry, { responseId }]) => ({ ...entry, responseId })),
)

const settle: fc.Arbitrary<SettleEntry> = record({
  kind: fc.constant('settle' as const),
  call,
  endedAtMs: number,
  outcome: fc.constantFrom(...outcomes),
  modelServed: text,
  usageSource: fc.constantFrom('provider' as const, 'estimated' as const, 'none' as const),
  tokens: record({
    input: count,
    cachedInput: count,
    cacheWrite5m: count,
    cacheWrite1h: count,
    output: count,
    reasoning: count,
    inputAudio: count,
    outputAudio: count,
    inputImage: count,
    outputImage: count,
  }),
  units: fc.dictionary(name, number, { noNullPrototype: true, maxKeys: 3 }),
  cost: record({
    inputPicoUsd: amount,
    cachedInputPicoUsd: amount,
    cacheWritePicoUsd: amount,
    outputPicoUsd: amount,
    otherPicoUsd: amount,
    totalPicoUsd: amount,
    priceVersion: text,
    unpriced: fc.boolean(),
    billingCurrency: fc.oneof(fc.constantFrom('USD', 'CNY'), text),
    billingPicoAmount: amount,
    providerStatedPicoUsd: fc.option(amount),
  }),
  marks: fc.array(text, { maxLength: 3 }),
  latencyMs: number,
  timeToFirstTokenMs: fc.option(number),
  overheadMs: number,
  statusCode: count,
  errorCode: text,
  errorMessage: text,
  attempts: fc.array(attempt, { maxLength: 3 }),
  cacheHit: fc.boolean(),
})

export const arbitraryEntry: fc.Arbitrary<LedgerEntry> = fc.oneof(mayBeTraced(open), mayBeTraced(settle))
