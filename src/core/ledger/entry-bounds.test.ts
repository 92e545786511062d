import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { picoUsd } from '#core/money/pico-usd.ts'
import { arbitraryEntry } from '#test/journal/arbitrary-entries.ts'
import { openEntry, settleEntry } from '#test/journal/entries.ts'
import { members, worst, worstCall } from '#test/journal/worst-call.ts'
import { decodeEntry, encodeEntry } from './codec.ts'
import type { OpenEntry, SettleEntry } from './entry.ts'
import {
  greatestLineBytes,
  longestErrorCode,
  longestErrorMessage,
  longestModel,
  longestName,
  longestPriceVersion,
  longestResponseId,
  shortened,
  shortenedMark,
} from './entry-bounds.ts'

const trace = { traceId: 'f'.repeat(32), spanId: 'f'.repeat(16), parentSpanId: 'f'.repeat(16) }

/** Of more digits than a stated amount of a hundred characters and its exponent can have. */
const mostUsd = picoUsd(10n ** 600n)

function worstSettle(): SettleEntry {
  const attempt = { startedAfterMs: Number.MAX_VALUE, durationMs: Number.MAX_VALUE, status: Number.MAX_SAFE_INTEGER }
  const tokens = Object.fromEntries(
    Object.keys(settleEntry('a').tokens).map((kind) => [kind, Number.MAX_SAFE_INTEGER]),
  ) as unknown as SettleEntry['tokens']
  return {
    ...{ ...settleEntry('a'), call: worstCall(), modelServed: worst(longestModel, 2), tokens, trace, cacheHit: true },
    units: Object.fromEntries(members(32, 64).map((unit) => [unit, Number.MIN_VALUE])),
    cost: {
      ...{ inputPicoUsd: mostUsd, cachedInputPicoUsd: mostUsd, cacheWritePicoUsd: mostUsd, outputPicoUsd: mostUsd },
      ...{ otherPicoUsd: mostUsd, totalPicoUsd: mostUsd, providerStatedPicoUsd: mostUsd, billingPicoAmount: mostUsd },
      ...{ unpriced: true, priceVersion: worst(longestPriceVersion), billingCurrency: worst(longestName) },
    },
    marks: members(64, 200),
    errorCode: worst(longestErrorCode),
    errorMessage: worst(longestErrorMessage),
    attempts: members(11, longestErrorCode).map((errorCode) => ({ ...attempt, errorCode })),
  }
}

test('the longest entries that keep to their bounds have the line that is said, which the journal takes', () => {
  const settle = encodeEntry(worstSettle())
  const open: OpenEntry = {
    ...{ ...openEntry('a'), call: worstCall(), trace, responseId: worst(longestResponseId) },
    hold: { picoUsd: mostUsd, tokens: Number.MAX_SAFE_INTEGER },
  }
  for (const line of [settle, encodeEntry(open)]) {
    assert.ok(Buffer.byteLength(line) <= greatestLineBytes, `${Buffer.byteLength(line)} bytes`)
  }
  assert.ok(settle.length > greatestLineBytes / 2, 'or the bound says nothing')
})

test('a shortened record fits whatever was in it, and neither tokens nor money change', () => {
  const long = fc.tuple(fc.constantFrom('a', '\0', '"', 'é', '\ud83d\ude00', '\ud800'), fc.nat(200_000))
  fc.assert(
    fc.property(arbitraryEntry, fc.array(long, { minLength: 20, maxLength: 20 }), (entry, texts) => {
      const drawn = texts.map(([unit, count]) => unit.repeat(count))
      const text = () => drawn.shift() ?? ''
      const plain = settleEntry('a')
      const { call, ...rest } = entry.kind === 'settle' ? entry : { ...plain, call: { ...plain.call, ...entry.call } }
      const tags = Object.fromEntries(members(400, 300).map((name) => [name, 'value'.repeat(100)]))
      const fields = { department: text(), project: text(), costCenter: text(), userId: text(), sessionId: text() }
      const payer = { ...fields, featureFlag: text(), requestPath: text(), tags }
      const names = { vendor: text(), upstream: text(), modelRequested: text(), modelRouted: text() }
      const long: SettleEntry = {
        ...{ ...rest, call: { ...call, ...names, payer, keyId: text(), requestId: text(), promptHash: text() } },
        ...{ modelServed: text(), errorCode: text(), errorMessage: text(), marks: Array(300).fill('mark'.repeat(99)) },
        units: Object.fromEntries(members(99, 99).map((unit) => [unit, 1])),
        cost: { ...rest.cost, priceVersion: text(), billingCurrency: text() },
        attempts: Array(99).fill({ startedAfterMs: 1, durationMs: 1, status: 500, errorCode: 'e'.repeat(999) }),
      }
      const short = shortened(long)
      const line = encodeEntry(short)
      assert.ok(Buffer.byteLength(line) <= greatestLineBytes, `${Buffer.byteLength(line)} bytes`)
      assert.ok(short.marks.includes(shortenedMark))
      assert.deepEqual(decodeEntry(line), short)
      assert.deepEqual(short.tokens, long.tokens)
      const { priceVersion: _, billingCurrency: __, ...money } = short.cost
      assert.deepEqual({ ...long.cost, ...money }, long.cost)
      assert.equal(short.call.callId, long.call.callId)
    }),
    { numRuns: 30 },
  )
})

test('shortening cuts nothing that keeps to the bounds', () => {
  const { marks, ...usual } = settleEntry('a', { marks: ['unpriced'] })
  assert.deepEqual(shortened({ ...usual, marks }), { ...usual, marks: ['unpriced', shortenedMark] })
  const { marks: _, ...worstBut } = worstSettle()
  const { marks: __, ...cut } = shortened(worstSettle())
  assert.deepEqual(cut, worstBut)
})
