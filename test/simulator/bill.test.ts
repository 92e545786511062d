import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { RunningSimulator } from '#compose/simulator/simulator.ts'
import { noCounts } from '#simulator/counts.ts'
import { decimalText, listPrice } from '#simulator/price-list.ts'
import { type BilledEntry, readBill, startSimulator } from './running.ts'

let folder: string
let billFile: string
let simulator: RunningSimulator

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'simulated-bill-'))
  billFile = join(folder, 'bill.jsonl')
  simulator = await startSimulator({ billFile })
})
after(async () => {
  await simulator.close()
  rmSync(folder, { recursive: true })
})

function ask(body: object): Promise<Response> {
  return fetch(`${simulator.address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-secret' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], ...body }),
  })
}

function billInFile(): BilledEntry[] {
  const lines = readFileSync(billFile, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as BilledEntry)
}

/** Exact decimal text → 1e-12 units, by hand. */
function pico(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(12, '0'))
}

test('an answer is in the file before its last byte is out, and the file adds up to the total', async () => {
  const models = ['gpt-4.1', 'o4-mini', 'deepseek-v3.2', 'claude-haiku-4-5']
  for (let i = 0; i < 40; i++) {
    const response = await ask({ model: models[i % 4], stream: i % 3 === 0, n: 1 + (i % 2) })
    await response.text()
    assert.equal(billInFile().length, i + 1)
  }
  const view = await readBill(simulator.address)
  assert.deepEqual(billInFile(), view.entries)
  const sum = billInFile().reduce((total, entry) => total + pico(entry.costUsd ?? 'none'), 0n)
  assert.equal(view.total.costUsd, decimalText(sum))
})

test('the credential is on the bill only as a hash', () => {
  assert.equal(readFileSync(billFile, 'utf8').includes('sk-secret'), false)
})

test('a model without a price has no cost, which is not zero', async () => {
  await (await ask({ model: 'simulated-unpriced' })).text()
  assert.equal(billInFile().at(-1)?.costUsd, null)
})

test('directives set what is reported and billed', async () => {
  const messages = [{ role: 'user', content: '[[simulate: input=10000 cached=4000 tokens=100]]' }]
  const answer = (await (await ask({ model: 'gpt-4.1', messages })).json()) as { usage: { prompt_tokens: number } }
  assert.equal(answer.usage.prompt_tokens, 10_000)
  // 6,000 × 2 + 4,000 × 0.50 + 100 × 8 USD per million.
  assert.equal(billInFile().at(-1)?.costUsd, '0.0148')
})

const noon = Date.UTC(2026, 0, 1, 12)
const night = Date.UTC(2026, 0, 1, 20)

const priced: readonly (readonly [string, Partial<typeof noCounts>, number, string | null])[] = [
  ['gpt-4.1', { inputTokens: 1_000_000, outputTokens: 1_000_000 }, noon, '10'],
  ['gpt-4o-mini', { inputTokens: 1, outputTokens: 0 }, noon, '0.00000015'],
  ['deepseek-v3.2', { inputTokens: 1, outputTokens: 1 }, noon, '0.000000572'],
  ['deepseek-chat', { inputTokens: 1_000_000, cachedInputTokens: 500_000 }, noon, '0.17'],
  ['deepseek-chat', { inputTokens: 1_000_000, cachedInputTokens: 500_000 }, night, '0.085'],
  ['claude-sonnet-4-5', { inputTokens: 200_000, outputTokens: 10 }, noon, '0.60015'],
  ['claude-sonnet-4-5', { inputTokens: 200_001, outputTokens: 10 }, noon, '1.200231'],
  ['claude-haiku-4-5', { inputTokens: 300, cacheWrite5mTokens: 100, cacheWrite1hTokens: 200 }, noon, '0.000525'],
  ['claude-haiku-4-5', { webSearches: 3 }, noon, '0.03'],
  ['gemini-2.5-flash', { inputTokens: 100, audioInputTokens: 60 }, noon, '0.000072'],
  ['gemini-2.5-flash-image', { outputTokens: 1300, imageOutputTokens: 1290 }, noon, '0.038725'],
  ['whisper-1', { audioSeconds: 7 }, noon, '0.0007'],
  ['nobody-knows', { inputTokens: 1 }, noon, null],
]

for (const [model, counts, atMs, expected] of priced) {
  test(`${model} with ${JSON.stringify(counts)} costs ${expected}`, () => {
    const cost = listPrice(model, { ...noCounts, ...counts }, atMs)
    assert.equal(cost === null ? null : decimalText(cost), expected)
  })
}

test('other tiers cost half of the tokens or have rates of their own, or none', () => {
  const counts = { ...noCounts, inputTokens: 1000, cachedInputTokens: 100, outputTokens: 10, webSearches: 1 }
  const price = (model: string, tier: 'flex' | 'priority') => listPrice(model, counts, noon, tier)
  assert.equal(price('gpt-5', 'flex'), 10_000_000_000n + 618_750_000n)
  assert.equal(price('gpt-5', 'priority'), 10_000_000_000n + 2_475_000_000n)
  assert.equal(price('gpt-4o-mini', 'priority'), 10_000_000_000n + 247_500_000n)
  assert.equal(price('gpt-3.5-turbo', 'priority'), null)
})

test('a call costs what its tokens cost one by one', () => {
  const tokens = fc.nat({ max: 90_000 })
  fc.assert(
    fc.property(tokens, tokens, tokens, (plain, cached, output) => {
      const price = (counts: Partial<typeof noCounts>) => listPrice('gpt-4o', { ...noCounts, ...counts }, noon) ?? -1n
      const together = price({ inputTokens: plain + cached, cachedInputTokens: cached, outputTokens: output })
      const apart =
        BigInt(plain) * price({ inputTokens: 1 }) +
        BigInt(cached) * price({ inputTokens: 1, cachedInputTokens: 1 }) +
        BigInt(output) * price({ outputTokens: 1 })
      assert.equal(together, apart)
    }),
  )
})

test('amounts are written exactly and read back', () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), (amount) => pico(decimalText(amount)) === amount))
})
