import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { faultLine } from './faults.ts'
import { type LoadedConfig, loadConfig } from './load.ts'

function load(text: string): LoadedConfig {
  return loadConfig({ env: {}, cwd: '/app', readFile: () => text })
}

function loaded(text: string) {
  const result = load(text)
  assert.ok(result.ok, result.ok ? '' : result.faults.map(faultLine).join('\n'))
  return result
}

function budgetOf(yaml: string, rest = '') {
  const [budget] = loaded(`${rest}\nbudgets: [{name: a, ${yaml}}]`).config.budgets
  assert.ok(budget !== undefined)
  return budget
}

function faultsOf(text: string): string[] {
  const result = load(text)
  return result.ok ? [] : result.faults.map(faultLine)
}

/** The one fault of a budget: its path below the budget, and what is said. */
function checkFault(yaml: string, place: string, word: string, rest = ''): void {
  const found = faultsOf(`budgets: [{name: a, ${yaml}}]\n${rest}`)
  assert.equal(found.length, 1, `${yaml}\n${found.join('\n')}`)
  const [line = ''] = found
  assert.ok(line.startsWith(`budgets[0].${place} (line 1): `), line)
  assert.ok(line.includes(word), `${line} does not say: ${word}`)
}

const month = 'limits: [{window: month, usd: "300"}]'

test('a budget of a name and a limit is about every call, in UTC, and blocks', () => {
  assert.deepEqual(budgetOf(month), {
    name: 'a',
    scope: { payer: {}, tags: {}, keys: null, models: null, providers: null },
    timezone: 'UTC',
    monthStartDay: 1,
    limits: [{ quantity: 'usd', window: 'month', picoUsd: 300_000_000_000_000n }],
    thresholds: [80, 95, 100],
    onExceeded: { kind: 'block' },
    nearLimit: 'refuse',
    unbounded: 'reserve',
  })
})

test('a scope names fields with one value or several', () => {
  const keys = 'keys: [{name: search, key: "0123456789abcdef"}, {name: ads, key: "fedcba9876543210"}]'
  const scope =
    'scope: {department: engineering, project: [x, y], cost_center: c, user: u, session_id: s, feature_flag: f, ' +
    'request_path: /p, key: [search, cfg_ads, key_0123456789abcdefghij], model: "gpt-*", provider: simulated, ' +
    'tags: {team: search, stage: [production, test]}}'
  assert.deepEqual(budgetOf(`${scope}, ${month}`, keys).scope, {
    payer: {
      department: ['engineering'],
      project: ['x', 'y'],
      costCenter: ['c'],
      userId: ['u'],
      sessionId: ['s'],
      featureFlag: ['f'],
      requestPath: ['/p'],
    },
    tags: { team: ['search'], stage: ['production', 'test'] },
    keys: ['search', 'ads', 'key_0123456789abcdefghij'],
    models: ['gpt-*'],
    providers: ['simulated'],
  })
})

test('limits count money, requests, tokens and calls under way', () => {
  const { limits } = budgetOf(
    'limits: [{window: minute, requests: 60}, {window: hour, tokens: 1000000}, {window: day, usd: 0.000000000001}, ' +
      '{window: week, usd: 1000000000000}, {concurrent: 5}]',
  )
  assert.deepEqual(limits, [
    { quantity: 'requests', window: 'minute', count: 60 },
    { quantity: 'tokens', window: 'hour', count: 1_000_000 },
    { quantity: 'usd', window: 'day', picoUsd: 1n },
    { quantity: 'usd', window: 'week', picoUsd: 10n ** 24n },
    { quantity: 'concurrent', count: 5 },
  ])
})

test('every amount of up to twelve places becomes exactly itself', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 24n }), (pico) => {
      const digits = String(pico).padStart(13, '0')
      const { limits } = budgetOf(`limits: [{window: day, usd: ${digits.slice(0, -12)}.${digits.slice(-12)}}]`)
      assert.deepEqual(limits, [{ quantity: 'usd', window: 'day', picoUsd: pico }])
    }),
    { numRuns: 50 },
  )
})

test('what happens at the limit is to block, to notify, or to serve by another model, written either way', () => {
  const reroute = { kind: 'reroute', model: 'gpt-4.1-mini' }
  assert.deepEqual(budgetOf(`${month}, on_exceeded: notify`).onExceeded, { kind: 'notify' })
  assert.deepEqual(budgetOf(`${month}, on_exceeded: {reroute: gpt-4.1-mini}`).onExceeded, reroute)
  assert.deepEqual(budgetOf(`${month}, on_exceeded: "reroute: gpt-4.1-mini"`).onExceeded, reroute)
  assert.equal(budgetOf(`${month}, near_limit: shrink`).nearLimit, 'shrink')
})

test('calls without a bound are reserved for by what blocks, and assumed by what can be exceeded', () => {
  for (const rule of ['assume', 'reserve', 'refuse'] as const) {
    assert.equal(budgetOf(`${month}, unbounded: ${rule}`).unbounded, rule)
    assert.equal(budgetOf(`${month}, on_exceeded: block, unbounded: ${rule}`).unbounded, rule)
  }
  assert.equal(budgetOf(month).unbounded, 'reserve')
  assert.equal(budgetOf(`${month}, on_exceeded: notify`).unbounded, 'assume')
  assert.equal(budgetOf(`${month}, on_exceeded: {reroute: gpt-4.1-mini}, unbounded: assume`).unbounded, 'assume')
})

test('a budget has its time zone, spelled as it is, and the day on which its months begin', () => {
  const own = budgetOf(`${month}, timezone: europe/berlin, month_start_day: 28`, 'fiscal_month_start: 6')
  assert.deepEqual([own.timezone, own.monthStartDay], ['Europe/Berlin', 28])
  assert.equal(budgetOf(month, 'fiscal_month_start: 6').monthStartDay, 6)
})

test('refusals are 402 and holds are waited for ten seconds, unless the file says otherwise', () => {
  const usual = loaded('').config
  assert.deepEqual([usual.budgetRefusalStatus, usual.holdWaitMs, usual.budgets], [402, 10_000, []])
  const { config } = loaded('budgets_refusal_status: 429\nbudgets_hold_wait_ms: 0\n')
  assert.deepEqual([config.budgetRefusalStatus, config.holdWaitMs], [429, 0])
  assert.match(faultsOf('budgets_refusal_status: 403').join(), /^budgets_refusal_status \(line 1\): .*402, 429/)
})

test('a limit that is no limit is refused, with its place and the reason', () => {
  const limit = (yaml: string, place: string, word: string) => checkFault(`limits: [{${yaml}}]`, place, word)
  limit('window: day, usd: -1', 'limits[0].usd', 'is negative')
  limit('window: day, usd: 0', 'limits[0].usd', 'is zero')
  limit('window: day, usd: 0.000', 'limits[0].usd', 'is zero')
  limit('window: day, usd: 1e3', 'limits[0].usd', 'scientific')
  limit('window: day, usd: .inf', 'limits[0].usd', 'is not a decimal number')
  limit('window: day, usd: NaN', 'limits[0].usd', 'is not a decimal number')
  limit('window: day, usd: 0x10', 'limits[0].usd', 'is not a decimal number')
  limit('window: day, usd: "1,000"', 'limits[0].usd', 'is not a decimal number')
  limit('window: day, usd: 1000000000000.01', 'limits[0].usd', 'out of range')
  limit('window: day, usd: 99999999999999999999', 'limits[0].usd', 'out of range')
  limit('window: day, usd: 1.0000000000001', 'limits[0].usd', 'more than 12 places')
  limit('window: day, requests: 0', 'limits[0].requests', 'out of range')
  limit('window: day, requests: 1.5', 'limits[0].requests', 'is not a whole number')
  limit('window: day, tokens: -5', 'limits[0].tokens', 'is not a whole number')
  limit('concurrent: 0', 'limits[0].concurrent', 'out of range')
  limit('window: year, usd: 1', 'limits[0].window', 'minute, hour, day')
  limit('usd: 1', 'limits[0].window', 'is missing')
  limit('window: day, concurrent: 1', 'limits[0].window', 'stands beside concurrent')
  limit('window: day', 'limits[0]', 'limits nothing')
  limit('window: day, usd: 1, tokens: 1', 'limits[0]', 'limits usd and tokens')
  checkFault('limits: []', 'limits', 'is empty')
  checkFault('scope: {}', 'limits', 'is missing')
  checkFault('limits: [{window: day, usd: 1}, {window: day, usd: 2}]', 'limits[1]', 'the same as limits[0]')
})

test('a budget that contradicts itself or names nothing is refused', () => {
  checkFault(`${month}, timezone: Europe/Berln`, 'timezone', 'is not a time zone')
  checkFault(`${month}, timezone: "+02:00"`, 'timezone', 'is not a time zone')
  checkFault(`${month}, month_start_day: 29`, 'month_start_day', 'out of range')
  checkFault(`${month}, thresholds: [80, 80]`, 'thresholds[1]', 'is not above')
  checkFault(`${month}, thresholds: [95, 80]`, 'thresholds[1]', 'is not above')
  checkFault(`${month}, thresholds: [0]`, 'thresholds[0]', 'out of range')
  checkFault(`${month}, thresholds: [99.5]`, 'thresholds[0]', 'is not a whole number')
  checkFault(`${month}, on_exceeded: explode`, 'on_exceeded', 'block, notify or {reroute: MODEL}')
  checkFault(`${month}, on_exceeded: {reroute: "gpt-*"}`, 'on_exceeded', 'reroute')
  checkFault(`${month}, on_exceeded: {reroute: nothing-1}`, 'on_exceeded', 'nothing-1, which no provider serves')
  checkFault('limits: [{window: day, tokens: 9}], on_exceeded: {reroute: gpt-4.1}', 'on_exceeded', 'limits no money')
  checkFault(`${month}, near_limit: panic`, 'near_limit', 'shrink, refuse')
  checkFault(`${month}, unbounded: never`, 'unbounded', 'assume, reserve, refuse')
  checkFault(`${month}, unbounded: true`, 'unbounded', 'assume, reserve, refuse')
  checkFault(`${month}, on_exceeded: notify, unbounded: reserve`, 'unbounded', 'can be exceeded')
  checkFault(`${month}, on_exceeded: {reroute: gpt-4.1}, unbounded: refuse`, 'unbounded', 'can be exceeded')
  checkFault(`${month}, unbounded: refuse`, 'unbounded', 'takes no call with cost_source', 'cost_source: provider')
  checkFault(`${month}, scope: {departmnt: x}`, 'scope.departmnt', 'department, perhaps?')
  checkFault(`${month}, scope: {department: []}`, 'scope.department', 'is empty')
  checkFault(`${month}, scope: {department: [a, ""]}`, 'scope.department[1]', 'is empty')
  checkFault(`${month}, scope: {department: {a: b}}`, 'scope.department', 'is a mapping')
  checkFault(`${month}, scope: {tags: {}}`, 'scope.tags', 'is empty')
  checkFault(`${month}, scope: {tags: {'a"': b}}`, 'scope.tags.a"', 'no quotation mark')
  checkFault(`${month}, scope: {user: a, user_id: b}`, 'scope.user', 'stands beside user_id')
  checkFault(`${month}, scope: {provider: nobody}`, 'scope.provider', 'names no provider')
  checkFault(`${month}, scope: {provider: [simulated, nobody]}`, 'scope.provider[1]', 'names no provider')
  checkFault(`${month}, scope: {key: nobody}`, 'scope.key', 'names no key')
  checkFault(`${month}, scope: {model: nothing-1}`, 'scope.model', 'is served by no provider')
  checkFault(`${month}, scope: {model: fast}`, 'scope.model', 'alias', 'aliases: [{name: fast, target: gpt-4.1}]')
})

test('two budgets have two names, and do not do the same twice', () => {
  const two = (first: string, second: string) => faultsOf(`budgets:\n- {name: a, ${first}}\n- {${second}}`).join('\n')
  assert.match(two(month, `name: A, scope: {project: x}, ${month}`), /^budgets\[1\]\.name \(line 3\): is the same as/)
  const soft = `${month}, scope: {project: x, tags: {a: b, c: d}}`
  assert.match(two(soft, `name: b, scope: {tags: {c: d, a: [b]}, project: [x]}, ${month}`), /overlaps budgets\[0\]/)
  assert.equal(two(soft, `name: b, on_exceeded: notify, scope: {project: x, tags: {a: b, c: d}}, ${month}`), '')
  assert.equal(two(month, `name: b, limits: [{window: week, usd: 300}]`), '')
  assert.equal(two(month, `name: b, ${month}, timezone: Asia/Tokyo`), '')
  const model = (name: string) => `${month}, scope: {model: ${name}}`
  assert.match(two(model('gpt-4.1'), `name: b, ${model('GPT-4.1')}`), /overlaps budgets\[0\]/)
  assert.match(two(month, `name: b, ${month}, timezone: Etc/UTC`), /overlaps budgets\[0\]/)
})

test('all faults of all budgets are told at once', () => {
  const found = faultsOf(
    'budgets:\n- {name: a, limits: [{window: day, usd: 0}], timezone: X/Y}\n- {name: b, limits: [{tokens: 5}]}\n' +
      '- {name: c, limits: [{window: day, usd: 1}], thresholds: [5, 4], scope: {key: k}}\n',
  )
  assert.deepEqual(found.map((line) => line.slice(0, line.indexOf(' ('))).sort(), [
    'budgets[0].limits[0].usd',
    'budgets[0].timezone',
    'budgets[1].limits[0].window',
    'budgets[2].scope.key',
    'budgets[2].thresholds[1]',
  ])
})

test('a window longer than the journal is kept, and an id that is none, are warned of', () => {
  const { warnings } = loaded(`retention: {journal_days: 7}\nbudgets: [{name: a, scope: {key: key_x}, ${month}}]`)
  assert.deepEqual(
    warnings.map((warning) => warning.split(': ')[0]),
    ['budgets[0].limits[0].window', 'budgets[0].scope.key'],
  )
  assert.deepEqual(loaded(`budgets: [{name: a, ${month}}]`).warnings, [])
})

test('sources of usage metered elsewhere have one name each, which fits into a path', () => {
  const text = 'incoming: [{source: holysheep, secret: "0123456789abcdef", attribution: {department: d}}, {source: b}]'
  const { config, warnings } = loaded(text)
  assert.deepEqual(warnings, [])
  assert.deepEqual(
    config.incoming.map(({ source, secret, attribution }) => [source, secret, attribution.department]),
    [
      ['holysheep', '0123456789abcdef', 'd'],
      ['b', null, ''],
    ],
  )
  assert.match(faultsOf('incoming: [{source: a/b}]').join(), /^incoming\[0\]\.source .*does not fit into a path/)
  assert.match(
    faultsOf('incoming: [{source: a}, {source: a}]').join(),
    /^incoming\[1\]\.source .*same as incoming\[0\]/,
  )
  assert.match(faultsOf('incoming: [{source: a, attribution: {dept: x}}]').join(), /^incoming\[0\]\.attribution\.dept /)
  assert.match(loaded('incoming: [{source: a, secret: short}]').warnings.join(), /^incoming\[0\]\.secret: .*guessed/)
})
