import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatPico } from '#core/money/usd-text.ts'
import type { Cost } from '#core/pricing/cost.ts'
import { arbitraryEntry } from '#test/journal/arbitrary-entries.ts'
import { callFacts, openEntry, settleEntry } from '#test/journal/entries.ts'
import { encodeEntry } from './codec.ts'
import type { Attempt, CallFacts, LedgerEntry, SettleEntry } from './entry.ts'
import { EntryFault } from './fault.ts'
import { LineWriter } from './line-writer.ts'
import { member } from './member-name.ts'
import { traceLinkText } from './trace-link.ts'

/** What has its usual value is left out, and so is an object in which all is. */
function unlessUsual<Value>(value: Value): Value | undefined {
  if (typeof value === 'object' && value !== null) {
    return Object.values(value).every((inner) => inner === undefined) ? undefined : value
  }
  return value === 0 || value === '' || value === false ? undefined : value
}

function amount(value: bigint): string | undefined {
  return value === 0n ? undefined : formatPico(value)
}

function plainMembers(object: object): object | undefined {
  return unlessUsual(Object.fromEntries(Object.entries(object).map(([name, value]) => [name, unlessUsual(value)])))
}

function plainCall({ payer, ...call }: CallFacts): object {
  const { tags, ...texts } = payer
  return {
    callId: call.callId,
    requestId: call.requestId === call.callId ? undefined : call.requestId,
    startedAtMs: call.startedAtMs,
    payer: unlessUsual({ ...plainMembers(texts), tags: unlessUsual(tags) }),
    keyId: unlessUsual(call.keyId),
    vendor: unlessUsual(call.vendor),
    upstream: unlessUsual(call.upstream),
    modelRequested: unlessUsual(call.modelRequested),
    modelRouted: call.modelRouted === call.modelRequested ? undefined : call.modelRouted,
    endpoint: call.endpoint,
    stream: unlessUsual(call.stream),
    promptHash: unlessUsual(call.promptHash),
  }
}

function plainCost(cost: Cost): object | undefined {
  const inUsd = cost.billingCurrency === 'USD' && cost.billingPicoAmount === cost.totalPicoUsd
  return unlessUsual({
    input: amount(cost.inputPicoUsd),
    cachedInput: amount(cost.cachedInputPicoUsd),
    cacheWrite: amount(cost.cacheWritePicoUsd),
    output: amount(cost.outputPicoUsd),
    other: amount(cost.otherPicoUsd),
    total: amount(cost.totalPicoUsd),
    priceVersion: unlessUsual(cost.priceVersion),
    unpriced: unlessUsual(cost.unpriced),
    billing: inUsd ? undefined : [cost.billingCurrency, formatPico(cost.billingPicoAmount)],
    providerStated: cost.providerStatedPicoUsd === null ? undefined : formatPico(cost.providerStatedPicoUsd),
  })
}

function plainSettle(entry: SettleEntry): object {
  return {
    endedAtMs: entry.endedAtMs,
    outcome: entry.outcome,
    modelServed: entry.modelServed === entry.call.modelRouted ? undefined : entry.modelServed,
    usageSource: entry.usageSource,
    tokens: plainMembers(entry.tokens),
    units: unlessUsual(entry.units),
    cost: plainCost(entry.cost),
    marks: entry.marks.length === 0 ? undefined : entry.marks,
    latencyMs: unlessUsual(entry.latencyMs),
    timeToFirstTokenMs: entry.timeToFirstTokenMs ?? undefined,
    overheadMs: unlessUsual(entry.overheadMs),
    statusCode: unlessUsual(entry.statusCode),
    errorCode: unlessUsual(entry.errorCode),
    errorMessage: unlessUsual(entry.errorMessage),
    attempts: entry.attempts.length === 0 ? undefined : entry.attempts.map(plainAttempt),
    cacheHit: unlessUsual(entry.cacheHit),
    trace: entry.trace && traceLinkText(entry.trace),
  }
}

function plainAttempt({ startedAfterMs, durationMs, status, errorCode }: Attempt): object {
  return plainMembers({ startedAfterMs, durationMs, status, errorCode }) ?? {}
}

/** The line, as an engine for JSON makes it out of plain objects. */
function plainLine(entry: LedgerEntry): string {
  const { kind, call } = entry
  if (kind === 'settle') return JSON.stringify({ kind, ...plainCall(call), ...plainSettle(entry) })
  const { estimatedInputTokens, responseId, batch, trace, hold } = entry
  return JSON.stringify({
    ...{ kind, ...plainCall(call), estimatedInputTokens: unlessUsual(estimatedInputTokens), responseId },
    batch: batch && { endpoint: batch.endpoint, model: unlessUsual(batch.model) },
    trace: trace && traceLinkText(trace),
    hold: hold && { usd: formatPico(hold.picoUsd), tokens: unlessUsual(hold.tokens) },
  })
}

/** Integers that no counter and no clock reaches: JSON.stringify writes them shorter, with other last digits. */
function hasVastIntegers(value: unknown): boolean {
  if (typeof value === 'number') return value > Number.MAX_SAFE_INTEGER
  return typeof value === 'object' && value !== null && Object.values(value).some(hasVastIntegers)
}

test('a line is what JSON.stringify makes of the entry, byte for byte', () => {
  const entries = arbitraryEntry.filter((entry) => !hasVastIntegers(entry))
  fc.assert(
    fc.property(entries, (entry) => assert.equal(encodeEntry(entry), plainLine(entry))),
    { numRuns: 3000 },
  )
})

/** Few texts for each member, so that calls have all but one or two in common. */
const similarCalls = fc
  .record({
    keyId: fc.constantFrom('', 'key_01', 'key_02'),
    vendor: fc.constantFrom('', 'openai'),
    upstream: fc.constantFrom('openai', 'azure'),
    modelRequested: fc.constantFrom('', 'gpt-4.1', 'gpt "4.1" é'),
    modelRouted: fc.constantFrom('gpt-4.1', 'gpt-4.1-mini'),
    endpoint: fc.constantFrom('responses', 'chat.completions'),
    stream: fc.boolean(),
    promptHash: fc.constantFrom('', '6f1e'),
    payer: fc.record({
      department: fc.constantFrom('', 'engineering'),
      project: fc.constantFrom('', 'search'),
      costCenter: fc.constantFrom('', 'cc_search', 'cc_ads'),
      userId: fc.constantFrom('', 'u-17'),
      sessionId: fc.constantFrom('', 's-1'),
      featureFlag: fc.constantFrom('', 'flag'),
      requestPath: fc.constantFrom('', '/search'),
      tags: fc.constantFrom({}, { team: 'ranking' }),
    }),
  })
  .map((facts): CallFacts => ({ ...callFacts('c1'), ...facts }))

test('what calls have in common is that of the very call, however many there were before', () => {
  const lines = fc.array(similarCalls, { minLength: 2, maxLength: 20 })
  fc.assert(
    fc.property(lines, (calls) => {
      for (const call of calls) {
        const entry = { ...settleEntry('c1'), call }
        assert.equal(encodeEntry(entry), plainLine(entry))
      }
    }),
    { numRuns: 500 },
  )
  for (let index = 0; index < 1200; index++) {
    const [ofManyKeys, ofOneKey] = [
      { keyId: `key_${index % 700}` },
      { keyId: 'key_01', modelRouted: `gpt-${index % 50}` },
    ]
    for (const facts of [ofManyKeys, ofOneKey, { modelRequested: 'x'.repeat(2000 - index) }]) {
      const entry = { ...openEntry('c1'), call: { ...callFacts('c1'), ...facts } }
      assert.equal(encodeEntry(entry), plainLine(entry))
    }
  }
})

function lineOf(write: (to: LineWriter) => void): string {
  const to = new LineWriter({ headroomBytes: 0, bytes: 8 })
  to.open()
  write(to)
  to.close()
  return to.memory.toString('utf8', 0, to.end)
}

const edges = [9, 10, 999_999, 1_000_000, 999_999_999, 1_000_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1]

test('an amount is written as it is, at the edges of the arithmetic that writes it too', () => {
  const most = BigInt(Number.MAX_SAFE_INTEGER)
  const near = [0n, 10n ** 6n, 10n ** 12n, 10n ** 15n, most].flatMap((edge) => [edge - 1n, edge, edge + 1n])
  // A quotient that comes out one too high would show here.
  const multiples = fc.oneof(
    fc.bigInt({ min: 0n, max: most / 10n ** 12n }).map((times) => times * 10n ** 12n),
    fc.bigInt({ min: 0n, max: most / 10n ** 6n }).map((times) => times * 10n ** 6n),
  )
  const amounts = fc.oneof(
    fc.constantFrom(...near),
    fc.bigInt({ min: 0n, max: most }),
    fc.bigInt({ min: most, max: most * 1000n }),
    fc.tuple(multiples, fc.bigInt({ min: -2n, max: 2n })).map(([multiple, off]) => multiple + off),
    fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
  )
  fc.assert(
    fc.property(amounts, (value) =>
      assert.equal(
        lineOf((to) => to.amount(member.total, value)),
        `{"total":"${formatPico(value)}"}`,
      ),
    ),
    { numRuns: 5000 },
  )
})

test('a whole number is written as it is, at the edges of the arithmetic that writes it too', () => {
  const numbers = fc.oneof(
    fc.tuple(fc.constantFrom(...edges), fc.integer({ min: -1, max: 1 })).map(([edge, off]) => edge + off),
    fc.maxSafeNat(),
    fc.nat(100_000),
  )
  fc.assert(
    fc.property(numbers, (value) =>
      assert.equal(
        lineOf((to) => to.number(member.input, value)),
        JSON.stringify({ input: value }),
      ),
    ),
    { numRuns: 5000 },
  )
})

test('a word is the same text, the first time and again, however many there were between', () => {
  const words = [...Array.from({ length: 1200 }, (_, index) => `word "${index}" \n é`), 'x'.repeat(1000)]
  for (const word of [...words, ...words.slice(0, 10), 'x'.repeat(1000)]) {
    const written = lineOf((to) => {
      to.word(member.project, word)
      to.word(member.department, word)
    })
    assert.equal(written, JSON.stringify({ project: word, department: word }))
  }
})

test('a line that had to be given up leaves nothing behind', () => {
  const to = new LineWriter({ headroomBytes: 0, bytes: 8 })
  to.open()
  const end = to.end
  assert.throws(() => to.number(member.latencyMs, Number.POSITIVE_INFINITY), EntryFault)
  to.cutTo(end)
  to.word(member.kind, 'settle')
  to.close()
  assert.equal(to.memory.toString('utf8', 0, to.end), '{"kind":"settle"}')
  assert.match(encodeEntry(settleEntry('c1')), /^\{"kind":"settle","callId":"c1",/)
})
