import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Environment } from './environment.ts'
import { faultLine } from './faults.ts'
import { type LoadedConfig, loadConfig } from './load.ts'

function load(text: string | null, env: Environment = {}): LoadedConfig {
  const readFile = (path: string) => {
    if (text !== null && path === '/app/tollgate.yaml') return text
    throw Object.assign(new Error(path), { code: 'ENOENT' })
  }
  return loadConfig({ env, cwd: '/app', readFile })
}

function loaded(text: string | null, env: Environment = {}) {
  const result = load(text, env)
  assert.ok(result.ok, result.ok ? '' : result.faults.map(faultLine).join('\n'))
  return result
}

function faults(text: string, env: Environment = {}): string[] {
  const result = load(text, env)
  return result.ok ? [] : result.faults.map(faultLine)
}

/** One fault of the file: the path and line it names, and what both of its sentences say. */
function checkFault(text: string, place: string, ...words: (string | RegExp)[]): void {
  const found = faults(text)
  assert.equal(found.length, 1, `${text}\n${found.join('\n')}`)
  const [line = ''] = found
  assert.ok(line.startsWith(`${place}: `), line)
  for (const word of words) assert.match(line, word instanceof RegExp ? word : new RegExp(RegExp.escape(word)))
}

const openai = 'providers: [{name: openai, kind: openai, api_key: k}]\n'

test('without a file and without keys the simulated provider serves', () => {
  const { config, source } = loaded(null)
  assert.equal(source.path, null)
  assert.equal(config.simulatedByDefault, true)
  assert.deepEqual(
    config.providers.map(({ name, kind, baseUrl }) => [name, kind, baseUrl]),
    [['simulated', 'simulated', null]],
  )
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 4000 })
  assert.equal(config.dataDir, '/app/data')
})

test('without providers in the file, every provider whose key is in the environment is on', () => {
  const env = {
    GEMINI_API_KEY: 'g',
    OPENAI_API_KEY: 'o',
    HOLYSHEEP_API_KEY: 'h',
    DEEPSEEK_API_KEY: '',
    ANTHROPIC_API_KEY: ' ',
  }
  for (const text of [null, 'listen: 4001\n', '# nothing\n', 'providers:\n']) {
    const { config } = loaded(text, env)
    assert.equal(config.simulatedByDefault, false)
    assert.deepEqual(
      config.providers.map(({ name, apiKey }) => [name, apiKey]),
      [
        ['openai', 'o'],
        ['google', 'g'],
        ['holysheep', 'h'],
      ],
    )
  }
})

test('the environment wins over the file', () => {
  const { config } = loaded('listen: 0.0.0.0:1\ndata_dir: ./elsewhere\nlog: {level: warn, format: json}\n', {
    TOLLGATE_LISTEN: '[::1]:4100',
    TOLLGATE_DATA_DIR: '/var/lib/tollgate',
    TOLLGATE_LOG_LEVEL: 'debug',
    TOLLGATE_LOG_FORMAT: 'pretty',
    TOLLGATE_ADMIN_TOKEN: 'from the environment',
  })
  assert.deepEqual(config.listen, { host: '::1', port: 4100 })
  assert.equal(config.dataDir, '/var/lib/tollgate')
  assert.equal(config.logLevel, 'debug')
  assert.equal(config.logFormat, 'pretty')
  assert.equal(config.adminToken, 'from the environment')
})

test('streams are asked for their usage unless the provider is said not to bear it', () => {
  const asks = (more: string) =>
    loaded(`providers: [{name: a, kind: openai, api_key: k${more}}]`).config.providers[0]?.askStreamUsage
  assert.equal(asks(''), true)
  assert.equal(asks(', ask_stream_usage: false'), false)
  checkFault(
    'providers: [{name: a, kind: openai, api_key: k, ask_stream_usage: never}]',
    'providers[0].ask_stream_usage (line 1)',
    'true or false',
  )
})

test('the log is for people at a terminal, unless the file or the environment says otherwise', () => {
  const formatOf = (text: string, env: Environment, terminal: boolean) => {
    const result = loadConfig({ env, cwd: '/app', readFile: () => text, terminal })
    assert.ok(result.ok)
    return result.config.logFormat
  }
  assert.equal(formatOf('', {}, true), 'pretty')
  assert.equal(formatOf('', {}, false), 'json')
  assert.equal(formatOf('log: {format: json}', {}, true), 'json')
  assert.equal(formatOf('log: {format: pretty}', {}, false), 'pretty')
  assert.equal(formatOf('log: {format: pretty}', { TOLLGATE_LOG_FORMAT: 'json' }, true), 'json')
})

test('LOG_FORMAT beats the file, TOLLGATE_LOG_FORMAT beats both and takes what LOG_FORMAT says to others for nothing', () => {
  const formatOf = (env: Environment) => {
    const result = loadConfig({ env, cwd: '/app', readFile: () => 'log: {format: json}' })
    return result.ok ? result.config.logFormat : result.faults.map(({ path }) => path)
  }
  assert.equal(formatOf({ LOG_FORMAT: 'pretty' }), 'pretty')
  assert.equal(formatOf({ LOG_FORMAT: '' }), 'json')
  assert.equal(formatOf({ LOG_FORMAT: 'json', TOLLGATE_LOG_FORMAT: 'pretty' }), 'pretty')
  assert.equal(formatOf({ LOG_FORMAT: 'logfmt', TOLLGATE_LOG_FORMAT: 'pretty' }), 'pretty')
  assert.deepEqual(formatOf({ LOG_FORMAT: 'logfmt' }), ['environment LOG_FORMAT'])
})

test('faults of the environment are named like those of the file, all together', () => {
  const found = faults('drain_ms: soon\n', {
    TOLLGATE_LISTEN: 'nowhere',
    TOLLGATE_LOG_LEVEL: 'loud',
    TOLLGATE_LOG_FORMAT: 'prety',
  })
  assert.equal(found.length, 4)
  assert.ok(found.some((line) => line.startsWith('environment TOLLGATE_LISTEN: ')))
  assert.ok(found.some((line) => line.startsWith('environment TOLLGATE_LOG_LEVEL: ')))
  assert.ok(found.some((line) => line.startsWith('drain_ms (line 1): ')))
})

test('the address of a ClickHouse server may have user, password, database and options of its client', () => {
  for (const url of ['http://ch:8123', 'https://u:p%23w@ch:8443/llm_costs', 'http://ch/?compression_request=1']) {
    const { config } = loaded('store: {clickhouse_url: "${CH}"}', { CH: url })
    assert.equal(config.store.clickhouseUrl, url)
  }
})

test('a named file that is not there is a fault', () => {
  const result = load(null, { TOLLGATE_CONFIG: 'prod.yaml' })
  assert.ok(!result.ok)
  assert.match(result.faults.map(faultLine).join(), /TOLLGATE_CONFIG: \/app\/prod\.yaml: does not exist/)
})

test('amounts keep their digits: they never pass through a float', () => {
  const { config } = loaded(
    `${openai}prices: [{provider: openai, model: m, from: 2026-01-01, input_per_mtok: 0.123456789012345678}]`,
  )
  assert.equal(config.prices[0]?.rates.input_per_mtok, '0.123456789012345678')
})

test('every decimal text of up to 15 and 18 digits comes through unchanged but for idle zeros', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n - 1n }), fc.integer({ min: 0, max: 12 }), (digits, places) => {
      const padded = String(digits).padStart(places + 1, '0')
      const text = places === 0 ? padded : `${padded.slice(0, -places)}.${padded.slice(-places)}`
      const { config } = loaded(
        `${openai}prices: [{provider: openai, model: m, from: 2026-01-01, per_request: ${text}}]`,
      )
      const read = config.prices[0]?.rates.per_request ?? ''
      const [whole = '', fraction = ''] = read.split('.')
      assert.equal(BigInt(whole + fraction.padEnd(places, '0')), digits)
    }),
    { numRuns: 50 },
  )
})

test('each fault names its place, what is wrong and what is expected', () => {
  checkFault('lisen: 4000\n', 'lisen (line 1)', 'is not a setting', 'listen, perhaps?')
  checkFault('- a\n', '(file) (line 1)', 'is not a mapping')
  checkFault('listen: 127.0.0.1\n', 'listen (line 1)', 'is not an address with a port')
  checkFault('listen: 127.0.0.1:70000\n', 'listen (line 1)', 'above 65535')
  checkFault('store: {clickhouse_url: "clickhouse:8123"}\n', 'store.clickhouse_url (line 1)', 'is not an http')
  checkFault('store: {clickhouse_url: "http://u:p@h/a/b"}\n', 'store.clickhouse_url (line 1)', 'is no database')
  checkFault('store: {clickhouse_url: "http://u:p#w@h"}\n', 'store.clickhouse_url (line 1)')
  checkFault('providers: []\n', 'providers (line 1)', 'is empty')
  checkFault('providers: {openai: 1}\n', 'providers (line 1)', 'is not a list')
  checkFault(
    'providers:\n  - name: a\n    kind: opnai\n    api_key: k\n',
    'providers[0].kind (line 3)',
    'one of openai, anthropic',
  )
  checkFault('providers: [{name: a, kind: openai}]\n', 'providers[0].api_key (line 1)', 'is missing')
  checkFault(
    'providers: [{name: a, kind: openai-compatible, api_key: k}]\n',
    'providers[0].base_url (line 1)',
    'is missing',
  )
  checkFault(
    'providers: [{name: a, kind: openai, api_key: k, base_url: ftp://x}]\n',
    'providers[0].base_url (line 1)',
    'http',
  )
  checkFault(
    'providers: [{name: a, kind: openai, api_key: k, models: ["gpt 4"]}]\n',
    'providers[0].models[0] (line 1)',
    'pattern',
  )
  checkFault(
    'providers: [{name: a, kind: openai, api_key: k, timeout_ms: {idel: 1}}]\n',
    'providers[0].timeout_ms.idel (line 1)',
    'idle',
  )
  checkFault(
    'providers: [{name: a, kind: openai, api_key: k, billing: {discount_percent: 101}}]\n',
    'providers[0].billing.discount_percent (line 1)',
    'out of range',
  )
  checkFault(
    'providers: [{name: a, kind: openai, api_key: k, billing: {discounts: [{since: 2026-01-01, percent: 5}, {since: 2026-01-01T00:00:00Z, percent: 6}]}}]\n',
    'providers[0].billing.discounts[1].since (line 1)',
    'date of another discount',
  )
  checkFault(
    `${openai}keys: [{name: a, key: 0123456789abcdef, attribution: {tags: {'a\\b': c}}}]\n`,
    'keys[0].attribution.tags.a\\b (line 2)',
    'no quotation mark or backslash',
  )
  const tags = Array.from({ length: 33 }, (_, index) => `t${index}: v`).join(', ')
  checkFault(
    `${openai}keys: [{name: a, key: 0123456789abcdef, attribution: {tags: {${tags}}}}]\n`,
    'keys[0].attribution.tags (line 2)',
    'at most 32',
  )
  checkFault(`${openai}keys: [{name: a}]\n`, 'keys[0] (line 2)', 'has no secret')
  checkFault(`${openai}keys: [{name: a, key_sha256: abc}]\n`, 'keys[0].key_sha256 (line 2)', '64 hexadecimal digits')
  checkFault(`${openai}keys: [{name: a, key: k, expires: 2026-02-30}]\n`, 'keys[0].expires (line 2)', 'calendar')
  checkFault(
    `${openai}keys: [{name: a, key: k, may_override: [departmnt]}]\n`,
    'keys[0].may_override[0] (line 2)',
    'department',
  )
  checkFault(`${openai}keys: [{name: a, key: k}, {name: b, key: k}]\n`, 'keys[1] (line 2)', 'same secret as keys[0]')
  checkFault(`${openai}keys: [{name: a, key: k}, {name: A, key: l}]\n`, 'keys[1].name (line 2)', 'same as keys[0].name')
  checkFault(
    `${openai}aliases: [{name: a, target: gpt-1}, {name: a, target: gpt-2}]\n`,
    'aliases[1].name (line 2)',
    'same as',
  )
  checkFault(`${openai}aliases: [{name: a, target: a}]\n`, 'aliases[0].target (line 2)', 'circle (a → a)')
  checkFault(`${openai}aliases: [{name: a, target: claude-1}]\n`, 'aliases[0].target (line 2)', 'served by no provider')
  checkFault(
    `${openai}prices: [{provider: opena, model: m, from: 2026-01-01, per_request: 1}]\n`,
    'prices[0].provider (line 2)',
    'names no provider',
  )
  checkFault(
    `${openai}prices: [{provider: openai, model: m, from: 2026-01-01}]\n`,
    'prices[0] (line 2)',
    'sets no rate',
  )
  checkFault(
    `${openai}prices: [{provider: openai, model: m, from: 2026-01-01, per_request: -1}]\n`,
    'prices[0].per_request (line 2)',
    'is negative',
  )
  checkFault(
    `${openai}prices: [{provider: openai, model: m, from: 2026-01-01, per_request: 1e3}]\n`,
    'prices[0].per_request (line 2)',
    'scientific',
  )
  checkFault(
    `${openai}prices: [{provider: openai, model: m, from: 2026-01-01, per_request: 1, currency: CNY}]\n`,
    'prices[0].currency (line 2)',
    'exchange rate',
  )
  checkFault(
    `${openai}prices:\n  - {provider: openai, model: M, from: 2026-01-01, per_request: 1}\n  - {provider: openai, model: m, from: 2026-01-01, per_request: 2}\n`,
    'prices[1] (line 4)',
    'overlaps prices[0]',
  )
  checkFault(
    'exchange_rates: [{from: CNY, to: USD, rate: 0, since: 2026-01-01}]\n',
    'exchange_rates[0].rate (line 1)',
    'is zero',
  )
  checkFault('jwt: {claims: {sub: user_id}}\n', 'jwt (line 1)', 'nothing to check tokens with')
  checkFault(
    'jwt: {jwks_url: "https://x/y", algorithms: [HS256], claims: {sub: user_id}}\n',
    'jwt.algorithms[0] (line 1)',
    'does not fit',
  )
  checkFault('journal: {fsync: always}\n', 'journal.fsync (line 1)', 'group, each, none')
  checkFault(
    'budgets: [{name: a, scope: {}, limits: [{window: year, usd: 1}]}]\n',
    'budgets[0].limits[0].window (line 1)',
    'hour, day',
  )
  checkFault('listen: 1\nlisten: 2\n', '(file) (line 2)', 'duplicate key')
  checkFault('listen: "1\n', '(file) (line 2)', 'not valid YAML')
})

test('a fault never repeats a value, since any value may be a secret', () => {
  const secret = 'sk-S3CR3T'
  const text = [
    `providers: [{name: "${secret} ", kind: ${secret}, api_key: [${secret}], base_url: "http://u:${secret}@x", models: ["${secret} x"]}]`,
    `keys: [{name: a, key: k, key_sha256: ${secret}, expires: ${secret}, may_override: [${secret}]}]`,
    `jwt: {secret: ${secret}, jwks_url: "${secret}", claims: {a: ${secret}}, algorithms: [${secret}]}`,
    `drain_ms: ${secret}`,
    `listen: ${secret}`,
    `prices: [{provider: x, model: m, from: ${secret}, per_request: ${secret}}]`,
  ].join('\n')
  const found = faults(text)
  assert.ok(found.length >= 12, found.join('\n'))
  assert.ok(!found.join('\n').includes(secret), found.join('\n'))
  assert.ok(!faults(`providers: [{api_key: "${secret}}]`).join('\n').includes(secret))
})

test('all faults come at once, in the order of the file', () => {
  const found = faults('a: 1\nlisten: x\nproviders:\n  - name: p\n    kind: x\nkeys:\n  - name: k\n')
  assert.deepEqual(
    found.map((line) => line.slice(0, line.indexOf(' ('))),
    ['a', 'listen', 'providers[0].kind', 'keys[0]'],
  )
})

test('a base URL without a path gets the usual one, and none ends in a slash', () => {
  const text = 'providers: [{name: a, kind: KIND, api_key: k, base_url: "URL"}]'
  const baseUrl = (kind: string, url: string) =>
    loaded(text.replace('KIND', kind).replace('URL', url)).config.providers[0]?.baseUrl
  assert.equal(baseUrl('openai', 'http://relay:1'), 'http://relay:1/v1')
  assert.equal(baseUrl('anthropic', 'https://api.anthropic.com/'), 'https://api.anthropic.com/v1')
  assert.equal(baseUrl('google', 'https://g'), 'https://g/v1beta')
  assert.equal(baseUrl('openai', 'http://relay/x/v2/'), 'http://relay/x/v2')
  assert.equal(baseUrl('openai-compatible', 'http://relay'), 'http://relay')
})

test('dates without a time are midnight UTC, discounts are sorted by date', () => {
  const { config } = loaded(
    'providers: [{name: a, kind: openai, api_key: k, billing: {discounts: [{since: 2026-06-01T00:00:00+02:00, percent: 10.50}, {since: 2026-01-01, percent: 5}]}}]\n' +
      'keys: [{name: a, key: secret, expires: 2027-01-01}]\n',
  )
  assert.deepEqual(config.providers[0]?.billing.discounts, [
    { sinceMs: Date.UTC(2026, 0, 1), percent: '5' },
    { sinceMs: Date.UTC(2026, 4, 31, 22), percent: '10.5' },
  ])
  assert.equal(config.keys[0]?.expiresAtMs, Date.UTC(2027, 0, 1))
})

test('a key is kept as its digest only', () => {
  const { config } = loaded(`${openai}keys: [{name: a, key: the-secret-itself}]\n`)
  assert.ok(!JSON.stringify(config).includes('the-secret-itself'))
  assert.match(config.keys[0]?.keySha256 ?? '', /^[0-9a-f]{64}$/)
})

test('no text whatever makes it throw', () => {
  const pieces = [
    'providers',
    ':',
    ' ',
    '\n',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '${',
    '}',
    '&a',
    '*a',
    '!!x',
    '|',
    '>',
    'name',
    '#',
    '\t',
    '? ',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), (parts) => {
      load(parts.join(''))
    }),
    { numRuns: 300 },
  )
})

test('anchors that multiply are refused instead of filling the memory', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i <= 9; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    )
  assert.ok(faults(lines.join('\n')).some((line) => line.includes('too large')))
})
