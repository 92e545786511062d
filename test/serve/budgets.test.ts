import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ShownBudget, ShownLimit } from '#cli/output/budgets-text.ts'
import { formatUsd, parseUsd } from '#core/money/usd-text.ts'
import { Tollgate, type Workplace, workplace } from './tollgate.ts'

const secrets = { sales: 'tg-sales-5ecre7-0f-a-team', search: 'tg-search-5ecre7-0f-a-team' }

/** What reports filter by to see the calls of a budget. */
const filters: Readonly<Record<string, readonly string[]>> = {
  everything: [],
  sales: ['department=sales'],
  chatbot: ['department=sales', 'project=chatbot'],
  'small-models': ['model=gpt-4.1-mini', 'model=gpt-4.1-nano'],
  'test-stage': ['tag:stage=test'],
  'used-up': ['department=search'],
}

const config = `
keys:
  - {name: sales, key: ${secrets.sales}, attribution: {department: sales}}
  - {name: search, key: ${secrets.search}, attribution: {department: search}}
budgets:
  - {name: everything, limits: [{window: month, usd: "1000"}, {window: day, requests: 1000}, {concurrent: 100}]}
  - {name: sales, scope: {department: sales}, timezone: Asia/Ho_Chi_Minh, limits: [{window: week, usd: "100"}]}
  - {name: chatbot, scope: {department: sales, project: chatbot}, limits: [{window: day, usd: "50"}, {window: day, tokens: 10000000}]}
  - {name: small-models, scope: {model: [gpt-4.1-mini, gpt-4.1-nano]}, limits: [{window: month, usd: "10"}], on_exceeded: notify}
  - {name: test-stage, scope: {tags: {stage: test}}, limits: [{window: day, usd: "10"}]}
  - {name: used-up, scope: {department: search}, timezone: America/St_Johns, limits: [{window: month, usd: "0.003"}]}
budgets_hold_wait_ms: 0
`

type Call = readonly [
  team: keyof typeof secrets,
  body: Readonly<Record<string, unknown>>,
  wishes: string,
  more?: object,
]

const chatbot = { 'x-project': 'chatbot' }
const staged = { 'x-tollgate-tags': 'stage=test' }
const stream = { stream: true }
const calls: readonly Call[] = [
  ['sales', { model: 'gpt-4.1' }, 'input=31 tokens=77'],
  ['sales', { model: 'gpt-4.1', ...stream }, 'input=1001 tokens=13', chatbot],
  ['sales', { model: 'gpt-4.1-mini' }, 'input=5 tokens=3 cached=2', { ...chatbot, ...staged }],
  ['sales', { model: 'gpt-4.1-nano', ...stream }, 'input=7 tokens=11', staged],
  ['sales', { model: 'gpt-4.1-nano' }, 'status=400'],
  ['sales', { model: 'gpt-4.1-nothing' }, 'input=5', chatbot],
  ['sales', { model: 'o4-mini' }, 'input=90 tokens=400 reasoning=128', chatbot],
  // Nothing is reported of these: they are booked as estimated.
  ['sales', { model: 'gpt-4.1', ...stream }, 'input=50 tokens=40 end=3', chatbot],
  ['sales', { model: 'gpt-4.1' }, 'input=50 tokens=40 no-usage'],
]

/** One after another: three of them fit, and perhaps the beginning of a stream. */
const searches = Array.from({ length: 9 }, (_, index): Call => {
  return ['search', { model: 'gpt-4.1', max_tokens: 100, stream: index % 2 === 0 }, 'input=20 tokens=100', staged]
})

/** Resolves with the status once the whole answer is there: its record is in the journal then. */
async function make(address: string, [team, body, wishes, more]: Call): Promise<number> {
  const answer = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${secrets[team]}`,
      'x-simulate': wishes,
      ...more,
    },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'What did we spend?' }], ...body }),
  })
  await answer.text()
  return answer.status
}

async function said(t: Parameters<typeof workplace>[0], place: Workplace, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Tollgate(t, place, [...args, '--config', place.configPath]).finished()
  assert.equal(code, 0, stderr)
  return stdout
}

test('budgets agree with reports to the last decimal, after calls of all kinds', async (t) => {
  const place = workplace(t, config)
  const tollgate = new Tollgate(t, place, ['serve'])
  await tollgate.says(/console is ready/, 'stderr')
  const { address } = await tollgate.ready()
  const statuses = await Promise.all(calls.map((call) => make(address, call)))
  for (const search of searches) statuses.push(await make(address, search))
  const { data } = JSON.parse(await said(t, place, ['budgets', '--json'])) as { data: readonly ShownBudget[] }
  for (const { name, limits } of data) {
    for (const limit of limits) {
      if (limit.window === null) assert.equal(limit.held, 0)
      else assert.deepEqual(spentOf(limit), await reported(t, place, limit, filters[name] ?? []), name)
    }
  }
  const of = (name: string) => data.find((budget) => budget.name === name)?.limits[0]
  const used = String(of('used-up')?.spent)
  assert.ok(parseUsd(used) >= 3n * 840_000_000n && parseUsd(used) <= 3_000_000_000n, used)
  assert.ok(statuses.includes(402) && statuses.includes(400) && statuses.includes(404), String(statuses))
  const table = await said(t, place, ['budgets', 'used-up'])
  assert.match(
    table,
    /^used-up +department=search +month +0\.003 USD +0\.002\d+ +0\.00 +0\.000\d+ .* (warning|critical) /m,
  )
  assert.ok(table.includes(used.replace(/0+$/, '')))
  assert.ok(!table.includes('\x1b'))
})

function spentOf({ quantity, spent }: ShownLimit): string | number | null {
  return quantity === 'usd' ? spent : Number(spent)
}

async function reported(
  t: Parameters<typeof workplace>[0],
  place: Workplace,
  { quantity, window_start: from, window_end: to }: ShownLimit & { readonly window_start?: string },
  filter: readonly string[],
): Promise<string | number> {
  const range = ['--from', from ?? '', '--to', to ?? '', ...filter.flatMap((each) => ['--filter', each])]
  // What was turned away is in reports, at no cost, and is no request for a budget.
  const asked = ['report', '--by', 'department', '--json', ...range, '--filter', 'outcome!=refused']
  const { total } = JSON.parse(await said(t, place, asked))
  if (quantity === 'usd') return formatUsd(parseUsd(total.cost_usd))
  return quantity === 'requests' ? total.requests : total.total_tokens
}

test('a watch tells of changes line by line, and when nobody answers any more', async (t) => {
  const place = workplace(t, config)
  const tollgate = new Tollgate(t, place, ['serve'])
  await tollgate.says(/console is ready/, 'stderr')
  const { address } = await tollgate.ready()
  const watch = new Tollgate(t, place, ['budgets', 'sales', '--watch', '--config', place.configPath])
  await watch.says(/^sales week: limit 100\.00 USD, spent 0\.00, held 0\.00, available 100\.00, used 0 %, ok, resets /m)
  await make(address, ['sales', { model: 'gpt-4.1' }, 'input=20 tokens=100'])
  await watch.says(/^sales week: limit 100\.00 USD, spent 0\.00084, held 0\.00, available 99\.99916, used 0 %, ok/m)
  tollgate.process.kill('SIGTERM')
  await watch.says(/gateway does not answer|console has just stopped/, 'stderr')
  watch.process.kill('SIGTERM')
  assert.equal(await watch.exit, 'SIGTERM')
})

test('where no gateway runs, or a budget is unknown, it says so and ends with code 1', async (t) => {
  const place = workplace(t, config)
  const first = new Tollgate(t, place, ['serve'])
  await first.says(/console is ready/, 'stderr')
  const unknown = await new Tollgate(t, place, ['budgets', 'sale', '--config', place.configPath]).finished()
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /no budget sale\. Perhaps sales\?/)
  first.process.kill('SIGTERM')
  await first.exit
  const away = await new Tollgate(t, place, ['budgets', '--config', place.configPath]).finished()
  assert.equal(away.code, 1)
  assert.match(away.stderr, /The gateway does not answer/)
})
