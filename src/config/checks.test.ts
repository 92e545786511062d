import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultLine } from './faults.ts'
import { loadConfig } from './load.ts'

function faults(text: string): string[] {
  const result = loadConfig({ env: {}, cwd: '/app', readFile: () => text })
  return result.ok ? [] : result.faults.map((fault) => faultLine(fault).replace(/;.*/, ''))
}

test('a fault of an entry hides none of the others that it is part of', () => {
  const file = `unpriced: maybe
providers:
  - {name: main, kind: opnai}
  - {name: Main, kind: openai-compatible, timeout_ms: {connect: -1}}
  - {name: third, kind: openai, retries: {max: 99}}
aliases:
  - {name: a, target: b, more: 1}
  - {name: b, target: a}
keys:
  - {name: k, expires: soon}
  - {name: k, key: one-secret-of-two-keys, models: []}
  - {name: l, key: one-secret-of-two-keys, may_override: [nothing]}
prices:
  - {provider: nobody, model: gpt-4.1, from: 2026-01-01, input_per_mtok: eight}
  - {provider: third, model: gpt-4.1, from: 2026-01-01, currency: dollars}
exchange_rates:
  - {from: CNY, to: CNY, rate: "-1", since: 2026-01-01}
budgets:
  - {name: x, limits: [{window: day, usd: "1", requests: 1}], timezone: Mars}
  - {name: x, limits: [{usd: "1"}], thresholds: [90, 80], month_start_day: 31}
jwt: {algorithms: [HS256], claims: {sub: user_id}, required: perhaps}
alerts:
  receivers:
    - {name: r, language: fr}
    - {name: r, slack: {url: "http://127.0.0.1/"}, send_resolved: never}
  routes:
    - {receivers: [nobody], match: {colour: red}, group_wait: soon}
`
  assert.deepEqual(faults(file), [
    'unpriced (line 1): is not valid',
    'providers[0].kind (line 3): is not valid',
    'providers[1].timeout_ms.connect (line 4): is not a whole number',
    'providers[1].name (line 4): is the same as providers[0].name',
    'providers[1].base_url (line 4): is missing',
    'providers[2].retries.max (line 5): is out of range',
    'providers[2].api_key (line 5): is missing',
    'aliases[0].more (line 7): is not a setting',
    'aliases[0].target (line 7): leads in a circle (a → b → a)',
    'aliases[1].target (line 8): leads in a circle (b → a → b)',
    'keys[0].expires (line 10): is not a date',
    'keys[0] (line 10): has no secret',
    'keys[1].models (line 11): is empty',
    'keys[1].name (line 11): is the same as keys[0].name',
    'keys[2].may_override[0] (line 12): is not valid',
    'keys[2] (line 12): has the same secret as keys[1]',
    'prices[0].input_per_mtok (line 14): is not a decimal number',
    'prices[0].provider (line 14): names no provider',
    'prices[1].currency (line 15): is not valid',
    'prices[1] (line 15): sets no rate',
    'exchange_rates[0].rate (line 17): is negative',
    'exchange_rates[0].to (line 17): is the same as from',
    'budgets[0].timezone (line 19): is not a time zone',
    'budgets[0].limits[0] (line 19): limits usd and requests',
    'budgets[1].month_start_day (line 20): is out of range',
    'budgets[1].name (line 20): is the same as budgets[0].name',
    'budgets[1].limits[0].window (line 20): is missing',
    'budgets[1].thresholds[1] (line 20): is not above the one before it',
    'jwt.required (line 21): is not valid',
    'jwt (line 21): has nothing to check tokens with',
    'alerts.receivers[0].language (line 24): is not valid',
    'alerts.receivers[0] (line 24): does not say how it is told',
    'alerts.receivers[1].send_resolved (line 25): is not valid',
    'alerts.receivers[1].name (line 25): is the same as alerts.receivers[0].name',
    'alerts.receivers[1].slack.url (line 25): points to a private address',
    'alerts.routes[0].group_wait (line 27): is not a duration',
    'alerts.routes[0].match.colour (line 27): is no label of an alert',
    'alerts.routes[0].receivers[0] (line 27): names no receiver',
  ])
})

test('what cannot be read is not taken for what is missing', () => {
  const file = `providers:
  - {name: relay, kind: openai-compatible, base_url: nowhere, billing: {currency: CNY}}
  - {name: main, kind: openai, api_key: "\${NOT_SET}", models: 7}
aliases:
  - {name: fast, target: "gpt 4"}
  - {name: quick, target: fast}
  - {name: odd, target: odd-model}
keys:
  - {name: k, key_sha256: none}
prices:
  - {provider: relay, model: m, from: 2026-01-01, per_request: free}
exchange_rates:
  - {from: CNY, to: USD, rate: none, since: 2026-01-01}
jwt: {jwks_url: nowhere, claims: {sub: user_id}}
alerts:
  receivers:
    - {name: r, slack: {url: nowhere}}
`
  assert.deepEqual(
    faults(file).map((line) => line.replace(/ .*/, '')),
    [
      'providers[0].base_url',
      'providers[1].api_key',
      'providers[1].models',
      'aliases[0].target',
      'keys[0].key_sha256',
      'prices[0].per_request',
      'exchange_rates[0].rate',
      'jwt.jwks_url',
      'alerts.receivers[0].slack.url',
    ],
  )
})

/** Files with the only places in them that may have a fault. */
const onlyOf: readonly (readonly [string, readonly string[]])[] = [
  [
    `keys:
  - {name: "\${A}", key: "tg-\${B}-secret-of-a-caller"}
  - {name: other, key: "tg-\${C}-secret-of-a-caller"}
budgets:
  - {name: x, scope: {key: somebody}, limits: [{usd: "1", window: day}]}`,
    ['keys[0].name', 'keys[0].key', 'keys[1].key'],
  ],
  [
    `budgets:
  - {name: x, scope: {user_id: "\${A}u"}, limits: [{usd: "1", window: day}]}
  - {name: y, scope: {user_id: "\${B}u"}, limits: [{usd: "1", window: day}]}`,
    ['budgets[0].scope.user_id', 'budgets[1].scope.user_id'],
  ],
  [
    `providers:
  - {name: main, kind: openai, api_key: k, models: ["m-\${A}"]}
aliases:
  - {name: fast, target: gpt-4.1}`,
    ['providers[0].models[0]'],
  ],
  [
    `providers:
  - {nam: main, kind: openai, api_key: k, model: [m]}
aliases:
  - {name: fast, target: m}
prices:
  - {provider: main, model: m, from: 2026-01-01, teir: batch, per_request: "1"}
  - {provider: main, model: m, from: 2026-01-01, per_request: "1"}`,
    ['providers[0].name', 'providers[0].nam', 'providers[0].model', 'prices[0].teir'],
  ],
  [
    `providers: main
keys: k
aliases:
  - {name: fast, target: m}
budgets:
  - {name: x, scope: {provider: main, model: m, key: k}, limits: [{usd: "1", window: day}]}`,
    ['providers', 'keys'],
  ],
  [
    `providers:
  - {name: main, kind: openai, api_key: k, models: [m]}
aliases:
  - {nme: fast, target: m}
budgets:
  - {name: x, on_exceeded: {reroute: fast}, limits: [{usd: "1", window: day}]}`,
    ['aliases[0].name', 'aliases[0].nme'],
  ],
  ...[
    'EUR',
    '[{form: EUR, to: USD, rate: "1", since: 2026-01-01}]',
    '[{from: EUR, too: USD, rate: "1", since: 2026}]',
  ].map(
    (rates, index) =>
      [
        `providers: [{name: main, kind: openai, api_key: k, billing: {currency: EUR}}]\nexchange_rates: ${rates}`,
        [
          ['exchange_rates'],
          ['exchange_rates[0].from', 'exchange_rates[0].form'],
          ['exchange_rates[0].to', 'exchange_rates[0].since', 'exchange_rates[0].too'],
        ][index] ?? [],
      ] as const,
  ),
  [
    `alerts:
  allow_private_urls: maybe
  receivers:
    - {nam: ops, slack: {url: "http://10.0.0.1/"}}
  routes:
    - {receivers: [ops]}`,
    ['alerts.allow_private_urls', 'alerts.receivers[0].name', 'alerts.receivers[0].nam'],
  ],
  [
    `alerts:
  receivers: ops
  routes:
    - {receivers: [ops]}`,
    ['alerts.receivers'],
  ],
  ['listen: nowhere\nmetrics: {listen: "127.0.0.1:4000"}', ['listen']],
]

test('a fault causes none that would go away with it', () => {
  for (const [file, places] of onlyOf) {
    const told = faults(file).map((line) => line.replace(/ .*/, ''))
    assert.deepEqual(told.sort(), [...places].sort(), file)
  }
})

test('the address of the metrics is held against the one that is listened at', () => {
  const load = (listen: string) => {
    const env = { TOLLGATE_LISTEN: listen }
    const result = loadConfig({ env, cwd: '/app', readFile: () => 'metrics: {listen: "127.0.0.1:4000"}' })
    return result.ok ? [] : result.faults.map(({ path }) => path)
  }
  assert.deepEqual(load('127.0.0.1:5000'), [])
  assert.deepEqual(load('127.0.0.1:4000'), ['metrics.listen'])
})
