import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calcPrice } from '@pydantic/genai-prices'
import { noCounts } from '#simulator/counts.ts'
import { models } from '#simulator/models.ts'
import { decimalText, listPrice, priceList } from '#simulator/price-list.ts'

const noon = new Date('2026-06-01T12:00:00Z')
const night = new Date('2026-06-01T20:00:00Z')

/** The catalog's own arithmetic is floating point: good to many places, which is enough to find a slip of the pen. */
function check(
  model: string,
  usage: Parameters<typeof calcPrice>[0],
  counts: Partial<typeof noCounts>,
  at: Date,
): void {
  const providerId = models.find((one) => one.name === model)?.vendor ?? ''
  const expected = calcPrice(usage, model, { providerId, timestamp: at })?.total_price
  const cost = listPrice(model, { ...noCounts, ...counts }, at.getTime())
  assert.ok(expected !== undefined && cost !== null)
  const ours = Number(decimalText(cost))
  assert.ok(Math.abs(ours - expected) < 1e-9, `${model}: ${ours} here, ${expected} in the catalog`)
}

// Billed by kinds the catalog counts apart: pinned by hand in bill.test.ts.
const special = new Set(['whisper-1', 'omni-moderation-latest', 'gemini-2.5-flash-image'])

for (const model of Object.keys(priceList)) {
  if (special.has(model)) continue
  test(`${model} is listed as in the catalog`, () => {
    for (const at of [noon, night]) {
      for (const input of [1000, 200_000, 200_001, 272_001]) {
        const usage = { input_tokens: input, output_tokens: 777, cache_read_tokens: 300 }
        check(model, usage, { inputTokens: input, outputTokens: 777, cachedInputTokens: 300 }, at)
      }
    }
  })
}

for (const model of Object.keys(priceList).filter((name) => name.startsWith('claude-'))) {
  test(`${model} writes its cache at the catalog's price`, () => {
    const usage = { input_tokens: 9000, output_tokens: 1, cache_write_tokens: 2000 }
    check(model, usage, { inputTokens: 9000, outputTokens: 1, cacheWrite5mTokens: 2000 }, noon)
  })
}
