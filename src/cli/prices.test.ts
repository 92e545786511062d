import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ListedPrice, type PricesAnswer, type PricesQuery, pricesCommand, pricesText } from './prices.ts'

const rate = { name: 'input', per: '1M tokens', usd: '2', billing: '14' }
const priced: ListedPrice = {
  provider: 'relay',
  model: 'm',
  problem: null,
  billingCurrency: 'CNY',
  marks: ['tier_not_priced'],
  bands: [
    {
      overTokens: 0,
      version: 'list@1 m',
      rates: [rate, { name: 'output', per: '1M tokens', usd: '12.5', billing: '87.5' }],
    },
    { overTokens: 200000, version: 'list@1 m context>200000', rates: [rate] },
  ],
}
const unpriced: ListedPrice = { ...priced, provider: 'other', problem: 'no price is known', bands: [] }

test('every provider is shown with its rates, the bill in its own currency, and the version', () => {
  const answer = { at: '2026-03-01T00:00:00.000Z', prices: [priced, unpriced], closeMatches: ['n'] }
  assert.equal(
    pricesText(answer, 'm'),
    `Prices of m at 2026-03-01T00:00:00.000Z

relay (tier_not_priced)
  input               2 USD per 1M tokens   (14 CNY)
  output           12.5 USD per 1M tokens   (87.5 CNY)
  version: list@1 m
  above 200000 input tokens
  input            2 USD per 1M tokens   (14 CNY)
  version: list@1 m context>200000

other: no price is known

Did you mean n?
`,
  )
})

async function asked(...args: readonly string[]): Promise<PricesQuery> {
  const queries: PricesQuery[] = []
  const answer: PricesAnswer = { at: '', prices: [priced], closeMatches: [] }
  const command = pricesCommand(async (query) => {
    queries.push(query)
    return answer
  })
  const write = process.stdout.write
  process.stdout.write = () => true
  try {
    await command
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .parseAsync([...args], { from: 'user' })
  } finally {
    process.stdout.write = write
  }
  const [query] = queries
  assert.ok(query !== undefined)
  return query
}

test('options become the question; a time without a zone is UTC', async () => {
  assert.deepEqual(await asked('m'), { model: 'm', provider: null, tier: 'standard', atMs: null })
  assert.deepEqual(await asked('m', '-p', 'relay', '-t', 'batch', '--at', '2026-03-01T12:00:00', '--json'), {
    model: 'm',
    provider: 'relay',
    tier: 'batch',
    atMs: Date.UTC(2026, 2, 1, 12),
  })
  assert.equal((await asked('m', '--at', '2026-03-01')).atMs, Date.UTC(2026, 2, 1))
  assert.equal((await asked('m', '--at', '2026-03-01T12:00:00+02:00')).atMs, Date.UTC(2026, 2, 1, 10))
  await assert.rejects(asked('m', '--at', 'yesterday'), { code: 'commander.invalidArgument' })
  await assert.rejects(asked('m', '--tier', 'gold'), { code: 'commander.invalidArgument' })
})

test('a time is read as everywhere else: with a space it is UTC too, and a day that no calendar has is none', async () => {
  const zone = process.env['TZ']
  process.env['TZ'] = 'America/New_York'
  try {
    assert.equal((await asked('m', '--at', '2026-03-01 12:00')).atMs, Date.UTC(2026, 2, 1, 12))
    await assert.rejects(asked('m', '--at', '2026-02-31'), { code: 'commander.invalidArgument' })
  } finally {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  }
})
