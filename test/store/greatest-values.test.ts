import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeEntry, encodeEntry } from '#core/ledger/codec.ts'
import type { EndpointName, SettleEntry } from '#core/ledger/entry.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import type { PriceOverride } from '#core/pricing/overrides.ts'
import type { PricedCall } from '#core/pricing/price-call.ts'
import { sumPriced } from '#core/pricing/sum-priced.ts'
import { readAnswer } from '#providers/answers/read-answer.ts'
import { checkRow } from '#store/usage/columns.ts'
import { settleEntry } from '#test/journal/entries.ts'
import { book, call } from '#test/pricing/sample-book.ts'

/** The greatest rate, and the exchange rate that makes the most of it, that a configuration may have. */
const rate = '999999999999999'
const dearest: PriceOverride = {
  ...{ provider: 'cn', model: '*', fromMs: 0, tier: 'standard', currency: 'CNY' },
  rates: {
    input_per_mtok: rate,
    output_per_mtok: rate,
    per_request: rate,
    web_search_per_1k: rate,
    audio_per_hour: rate,
  },
}
const least = { from: 'USD', to: 'CNY', rate: '0.000000000000000001', sinceMs: 0 }
const books = [
  book({ overrides: [dearest], exchangeRates: [least], costSource: 'computed' }),
  book({ overrides: [dearest], exchangeRates: [least], costSource: 'provider' }),
  book({ overrides: [{ ...dearest, currency: 'USD' }] }),
  book(),
]

/** Numbers as an answer may write them, whether or not they can be meant. */
const number = fc.constantFrom(
  ...['0', '1', '1000000000000', '1000000000001', '9007199254740993', '1e12', '1e22', '1e40', '1e70', '1e400', '-1'],
  ...['0.5', '1e-30', `1${'0'.repeat(200)}`],
)

function members(names: readonly string[]): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(fc.constantFrom(...names), number), { maxLength: 8 })
    .map((pairs) => [...new Map(pairs)].map(([name, text]) => `"${name}":${text}`).join(','))
}

const input = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens']
const chat = ['prompt_tokens', 'completion_tokens', 'total_tokens', 'num_search_queries', 'cost', 'cost_in_usd_ticks']
const passes = fc.array(members(input), { maxLength: 12 }).map((all) => all.map((pass) => `{${pass}}`).join(','))
const answers: readonly (readonly [EndpointName, fc.Arbitrary<string>])[] = [
  ['chat.completions', members(chat).map((usage) => `{"model":"chat-1","choices":[],"usage":{${usage}}}`)],
  [
    'responses',
    members([...input, 'num_sources_used', 'cost']).map((usage) => `{"model":"chat-1","usage":{${usage}}}`),
  ],
  [
    'messages',
    fc
      .tuple(members([...input, 'cost']), passes)
      .map(([usage, all]) => `{"model":"chat-1","usage":{"x":0${usage && `,${usage}`},"iterations":[${all}]}}`),
  ],
  [
    'audio.transcriptions',
    number.map((seconds) => `{"model":"hear-1","usage":{"type":"duration","seconds":${seconds}}}`),
  ],
  [
    'generateContent',
    members(['promptTokenCount', 'candidatesTokenCount', 'thoughtsTokenCount', 'totalTokenCount']).map(
      (usage) => `{"modelVersion":"chat-1","usageMetadata":{${usage}}}`,
    ),
  ],
]

function priced(which: number, endpoint: EndpointName, body: string): PricedCall {
  const source = { api: endpoint, status: 200, contentType: 'application/json' }
  const { usage, model } = readAnswer({ ...source, body: Buffer.from(body) })
  const used = call(model ?? 'chat-1', usage, { endpoint, upstream: which === 3 ? 'up' : 'cn' })
  return (books[which] as (typeof books)[number]).priceCall(used)
}

/** What a million requests of a batch cost together that are all like this one. */
function million(one: PricedCall): PricedCall {
  let sum = one
  for (let doubled = 0; doubled < 20; doubled += 1) sum = sumPriced(sum, [sum])
  return sum
}

/** As the store reads it out of the journal. */
function checkStored({ cost, tokens, units, marks }: PricedCall): void {
  const entry = decodeEntry(encodeEntry(settleEntry('c', { cost, tokens, units, marks }))) as SettleEntry
  checkRow({ entry, journalId: 'j', blockNo: 0, entryNo: 0 })
}

for (const [endpoint, bodies] of answers) {
  test(`the store takes whatever an answer counts and states, alone or a million times: ${endpoint}`, () => {
    fc.assert(
      fc.property(fc.nat(books.length - 1), bodies, (which, body) => {
        const one = priced(which, endpoint, body)
        checkStored(one)
        checkStored(million(one))
      }),
      { numRuns: 300 },
    )
  })
}

test('a number of seconds that no sound has is marked and costs nothing', () => {
  const heard = (seconds: string) =>
    priced(3, 'audio.transcriptions', `{"model":"hear-1","usage":{"type":"duration","seconds":${seconds}}}`)
  assert.deepEqual(heard('1000000').units, { audio_second: 1e6 })
  for (const seconds of ['1000000.5', '1e30', '1e400']) {
    const { units, marks, cost } = heard(seconds)
    assert.deepEqual([units, cost.totalPicoUsd, cost.unpriced], [{}, 0n, true])
    assert.deepEqual(marks, ['count_invalid', 'usage_missing', 'unpriced'])
  }
})

test('a cost that no call has is not taken for one, and the computed one stands', () => {
  const stated = (cost: string) =>
    priced(
      3,
      'chat.completions',
      `{"model":"chat-1","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":10,${cost}}}`,
    )
  assert.equal(stated('"cost":1000000').cost.providerStatedPicoUsd, 10n ** 18n)
  const absurd = ['"cost":1000000.01', '"cost":1e40', '"cost":1e70', '"cost":1e400', '"cost":{"total_cost":1e999}']
  for (const cost of [...absurd, '"cost_in_usd_ticks":1e30', `"cost":1${'0'.repeat(500)}`]) {
    const { cost: booked, marks } = stated(cost)
    assert.deepEqual([booked.providerStatedPicoUsd, marks], [null, ['provider_cost_invalid']], cost)
    assert.equal(formatUsd(booked.totalPicoUsd), '0.000100000000')
  }
})

test('a rate by which a call would cost more than a record can hold leaves it unpriced, and marked', () => {
  const { cost, marks } = priced(0, 'chat.completions', '{"model":"m","usage":{"prompt_tokens":1000000000000}}')
  assert.deepEqual([cost.totalPicoUsd, cost.unpriced], [0n, true])
  assert.deepEqual(marks, ['cost_invalid', 'unpriced'])
})
