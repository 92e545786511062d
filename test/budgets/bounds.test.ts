import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { layRoad, makeGround } from '#compose/gateway/road.ts'
import { loadConfig } from '#config/load.ts'
import { BudgetBook } from '#core/budget/book.ts'
import type { Budget, UnboundedRule } from '#core/budget/budget.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import type { Asking } from '#gateway/budgets/asking.ts'
import { type Bound, boundOf } from '#gateway/budgets/bound.ts'
import { BudgetDesk } from '#gateway/budgets/desk.ts'
import { mostOfUnbounded } from '#gateway/budgets/most-of-unbounded.ts'
import { RoadCounts } from '#gateway/metrics/road-counts.ts'
import type { Road } from '#gateway/road.ts'
import { globMatcher } from '#lib/glob.ts'
import { callBounds } from '#providers/call-bounds.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'
import { matchEndpoint } from '#providers/endpoints.ts'
import { readRequest } from '#providers/requests/read-request.ts'

const loaded = loadConfig({
  env: { TOLLGATE_CONFIG: 'test.yaml' },
  cwd: '/',
  readFile: () => `
providers:
  - {name: openai, kind: openai, api_key: k}
  - {name: anthropic, kind: anthropic, api_key: k}
  - {name: google, kind: google, api_key: k}
  - {name: relay, kind: openai-compatible, base_url: "http://127.0.0.1:1/v1", api_key: k, models: ["house-*"]}
prices:
  - {provider: relay, model: house-1, from: 2020-01-01, input_per_mtok: "3", output_per_mtok: "9"}
`,
})
assert.ok(loaded.ok)
const { config } = loaded
const catalog = await openCatalog()
const never = { after: () => ({ cancel: () => {} }) }
const nobody = async () => 0

/** A road on which every call is about one budget with this rule. */
function roadWith(unbounded: UnboundedRule): Road {
  const budget: Budget = {
    ...{ name: 'all', timezone: 'UTC', monthStartDay: 1, thresholds: [], nearLimit: 'refuse', unbounded },
    scope: { payer: {}, tags: {}, keys: null, models: null, providers: null },
    limits: [{ quantity: 'usd', window: 'day', picoUsd: picoUsd(10n ** 15n) }],
    onExceeded: { kind: 'block' },
  }
  const book = new BudgetBook([budget], globMatcher)
  const budgets = new BudgetDesk(book, { timers: never, refusalStatus: 402, holdWaitMs: 0 })
  const fail = () => assert.fail('not for use')
  const ground = makeGround({
    ...{ journal: { append: fail, refusal: fail, close: fail }, keys: fail, catalog, budgets, onFault: fail },
    estimator: { inputTokens: nobody, outputTokens: nobody, countText: async () => null },
    largeRequests: { read: fail },
    counts: new RoadCounts(),
    promptHashSecret: 's',
    openPools: (options) => options.map(() => ({ send: fail })),
  })
  return layRoad(config, ground, null)
}
const roads = { assume: roadWith('assume'), reserve: roadWith('reserve'), refuse: roadWith('refuse') }

interface Sent {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

/** As the road has it when it comes to its budgets. */
function askingOf(road: Road, { path, body }: Sent): Asking {
  const match = matchEndpoint('POST', path)
  assert.ok(match !== null)
  const text = Buffer.from(JSON.stringify(body))
  const read = readRequest({ match, contentType: 'application/json', body: text })
  if (read.kind === 'refused') assert.fail(read.message)
  const found = road.models.resolve(read.facts.model, match)
  if (found.kind === 'unknown' || found.kind === 'unsupported') assert.fail(`${path} ${read.facts.model}`)
  const upstream = road.upstreams.get(found.upstream.name)
  assert.ok(upstream !== undefined)
  const ask = { kind: 'ask', body: text, facts: read.facts, reach: read.reach } as const
  const route = { upstream, model: found.model, vendor: found.vendor }
  const arrival = { match, startedAtMs: Date.UTC(2026, 0, 1), callId: 'c', exchange: { query: '' } }
  const caller = { kind: 'admitted', key: { id: 'cfg_team' }, claims: null }
  return { arrival, caller, ask, route, payer: { tags: {} } } as unknown as Asking
}

const messages = [{ role: 'user', content: 'Hi' }]
const limit = fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined })
const uses = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined })
const without = (body: Record<string, unknown>) => JSON.parse(JSON.stringify(body))
const plain = { path: '/v1/chat/completions', body: { model: 'gpt-4.1', messages } }

/** Calls of every kind, with and without what bounds them. */
const sent: fc.Arbitrary<Sent> = fc.oneof(
  limit.map((max_tokens) => ({
    path: '/v1/chat/completions',
    body: without({ model: 'house-1', messages, max_tokens }),
  })),
  limit.map((max_tokens) => ({ ...plain, body: without({ ...plain.body, max_tokens }) })),
  fc.constant({ ...plain, body: { model: 'gpt-4o-search-preview', messages } }),
  fc.constant({ ...plain, body: { model: 'gpt-4.1', messages, web_search_options: {} } }),
  fc.tuple(limit, uses).map(([max_output_tokens, max_tool_calls]) => ({
    path: '/v1/responses',
    body: without({
      ...{ model: 'o4-mini', input: 'Hi', max_output_tokens, max_tool_calls },
      tools: [{ type: 'web_search' }, { type: 'code_interpreter' }],
    }),
  })),
  fc.tuple(uses, uses).map(([search, fetch]) => ({
    path: '/v1/messages',
    body: without({
      ...{ model: 'claude-haiku-4-5', max_tokens: 900, messages },
      tools: [
        { type: 'web_search_20250305', max_uses: search },
        { type: 'web_fetch_20250910', max_uses: fetch },
      ],
    }),
  })),
  fc.constant({
    path: '/v1beta/models/gemini-2.5-pro:generateContent',
    body: { contents: [{ parts: [{ text: 'Hi' }] }], tools: [{ googleSearch: {} }] },
  }),
  fc.constant({ path: '/v1/images/generations', body: { model: 'gpt-image-1', prompt: 'A cat', n: 3 } }),
  fc.constant({ path: '/v1/audio/speech', body: { model: 'gpt-4o-mini-tts', input: 'Hi', voice: 'ash' } }),
)

const share = fc.double({ min: 0, max: 1, noNaN: true })
const part = (most: number, of: number) => Math.floor(most * of)

/** What the road books for the most, or some, of what the bound allows for. */
function costOf(road: Road, asking: Asking, rule: UnboundedRule, [input, output, units]: readonly number[]): bigint {
  const { arrival, ask, route } = asking
  const { vendor, model } = route
  const upstream = route.upstream.config.name
  const call = { match: arrival.match, facts: ask.facts, reach: ask.reach, upstream, vendor, model }
  const { bounds } = callBounds({ ...call, atMs: arrival.startedAtMs })
  const most = mostOfUnbounded(rule, asking)
  const usage: ReportedUsage = {
    inputTokens: part(bounds.inputTokens ?? most.inputTokens, input ?? 0),
    outputTokens: part(bounds.outputTokens ?? most.outputTokens, output ?? 0),
    webSearchRequests: part(bounds.units.web_search === null ? most.uses : (bounds.units.web_search ?? 0), units ?? 0),
  }
  const { endpoint } = arrival.match
  const priced = { upstream, vendor, modelServed: model, modelRouted: model, endpoint, atMs: arrival.startedAtMs }
  return road.prices.priceCall({ ...priced, usage, usageSource: 'provider' }).cost.totalPicoUsd
}

test('no call costs more than is held for it, as long as it stays within what its budget reserves', () => {
  fc.assert(
    fc.property(sent, share, share, share, (call, ...shares) => {
      for (const rule of ['assume', 'reserve'] as const) {
        const asking = askingOf(roads[rule], call)
        const bound = boundOf(roads[rule], asking)
        for (const used of [shares, [1, 1, 1]]) {
          const cost = costOf(roads[rule], asking, rule, used)
          assert.ok(cost <= bound.most.picoUsd, `${rule}: ${cost} of ${bound.most.picoUsd}`)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('a budget that takes no call without a bound takes those alone whose every part has one', () => {
  const seen = { taken: 0, refused: 0 }
  fc.assert(
    fc.property(sent, share, share, share, (call, ...shares) => {
      const road = roads.refuse
      const asking = askingOf(road, call)
      const bound: Bound = boundOf(road, asking)
      const why = bound.openEnds().map((end) => end.why)
      if (bound.minding === null) {
        seen.taken += 1
        assert.deepEqual(why, [])
        assert.ok(costOf(road, asking, 'assume', shares) <= bound.most.picoUsd)
      } else {
        seen.refused += 1
        assert.deepEqual(bound.minding, { rule: 'refuse', budget: 'all' })
        assert.ok(why.length > 0, 'it says why')
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(seen.taken > 30 && seen.refused > 30, JSON.stringify(seen))
})

test('what is reserved is several times of what is assumed, and both the bound where there is one', () => {
  fc.assert(
    fc.property(sent, (call) => {
      const [assumed, reserved, strict] = (['assume', 'reserve', 'refuse'] as const).map((rule) =>
        boundOf(roads[rule], askingOf(roads[rule], call)),
      )
      assert.ok(assumed !== undefined && reserved !== undefined && strict !== undefined)
      if (reserved.minding === null) assert.deepEqual(reserved.most, assumed.most)
      else assert.ok(reserved.most.picoUsd >= 3n * assumed.most.picoUsd)
      if (strict.minding === null) assert.equal(reserved.minding, null)
    }),
    { numRuns: 200 },
  )
})
