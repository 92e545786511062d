import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultLine } from './faults.ts'
import { type LoadedConfig, loadConfig } from './load.ts'

function load(text: string): LoadedConfig {
  return loadConfig({ env: {}, cwd: '/app', readFile: () => text })
}

function alertsOf(yaml: string) {
  const result = load(`alerts: {${yaml}}`)
  assert.ok(result.ok, result.ok ? '' : result.faults.map(faultLine).join('\n'))
  return { ...result.config.alerts, warnings: result.warnings }
}

function faultsOf(yaml: string): string[] {
  const result = load(`alerts: {${yaml}}`)
  return result.ok ? [] : result.faults.map(faultLine)
}

/** The one fault: its path below `alerts`, and what is said. */
function checkFault(yaml: string, place: string, word: string): void {
  const found = faultsOf(yaml)
  assert.equal(found.length, 1, `${yaml}\n${found.join('\n')}`)
  const [line = ''] = found
  assert.ok(line.startsWith(`alerts.${place} (line 1): `), line)
  assert.ok(line.includes(word), `${line} does not say: ${word}`)
}

const ops = 'receivers: [{name: ops, log: {}}]'

test('every kind of receiver arrives with its defaults', () => {
  const { receivers } = alertsOf(
    'receivers: [{name: a, slack: {url: "https://hooks.example.com/s?x=1"}, language: de}, ' +
      '{name: b, teams: {url: "https://t.example.com/w?sig=1"}, send_resolved: false}, {name: c, pagerduty: {routing_key: r}}, ' +
      '{name: d, email: {from: "Tollgate <t@example.com>", to: [a@example.com, b@example.com], smtp: {host: mail}}}, ' +
      '{name: e, email: {from: t@example.com, to: a@example.com, smtp: {host: m, security: tls, user: u, password: p}}}, ' +
      '{name: f, webhook: {url: "https://w.example.com", secret: "0123456789abcdef"}}, ' +
      '{name: g, webhook: {url: "http://w.example.com/x", secrets: [new-secret-of-16, old-secret-of-16]}}, ' +
      '{name: h, alertmanager: {url: "https://am.example.com/"}}, {name: i, log: {}, language: vi}]',
  )
  const usual = { language: 'en', sendResolved: true }
  const noUser = { user: null, password: null }
  assert.deepEqual(receivers, [
    { name: 'a', ...usual, language: 'de', kind: 'slack', url: 'https://hooks.example.com/s?x=1' },
    { name: 'b', ...usual, sendResolved: false, kind: 'teams', url: 'https://t.example.com/w?sig=1' },
    { name: 'c', ...usual, kind: 'pagerduty', url: 'https://events.pagerduty.com/v2/enqueue', routingKey: 'r' },
    {
      ...{ name: 'd', ...usual, kind: 'email', from: 'Tollgate <t@example.com>' },
      to: ['a@example.com', 'b@example.com'],
      smtp: { host: 'mail', port: 587, security: 'starttls', ...noUser },
    },
    {
      ...{ name: 'e', ...usual, kind: 'email', from: 't@example.com', to: ['a@example.com'] },
      smtp: { host: 'm', port: 465, security: 'tls', user: 'u', password: 'p' },
    },
    { name: 'f', ...usual, kind: 'webhook', url: 'https://w.example.com', secrets: ['0123456789abcdef'] },
    {
      ...{ name: 'g', ...usual, kind: 'webhook', url: 'http://w.example.com/x' },
      secrets: ['new-secret-of-16', 'old-secret-of-16'],
    },
    { name: 'h', ...usual, kind: 'alertmanager', url: 'https://am.example.com' },
    { name: 'i', ...usual, language: 'vi', kind: 'log' },
  ])
})

test('routes have the defaults of an Alertmanager that does not wait', () => {
  const { routes } = alertsOf(
    `${ops}, routes: [{match: {severity: [critical, warning], budget: "*"}, receivers: [ops]}, {receivers: [ops], ` +
      'group_by: [department], group_wait: 500ms, group_interval: 5m, repeat_interval: 1d, continue: true}]',
  )
  assert.deepEqual(routes, [
    {
      match: { severity: ['critical', 'warning'], budget: ['*'] },
      receivers: ['ops'],
      groupBy: ['type', 'budget'],
      groupWaitMs: 0,
      groupIntervalMs: 60_000,
      repeatIntervalMs: 14_400_000,
      continue: false,
    },
    {
      match: {},
      receivers: ['ops'],
      groupBy: ['department'],
      groupWaitMs: 500,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 86_400_000,
      continue: true,
    },
  ])
})

test('without routes every receiver is told everything; one that no route leads to is warned of', () => {
  const two = 'receivers: [{name: a, log: {}}, {name: b, log: {}}]'
  assert.deepEqual(
    alertsOf(two).routes.map(({ match, receivers }) => [match, receivers]),
    [[{}, ['a', 'b']]],
  )
  assert.deepEqual(alertsOf(`${two}, routes: []`).routes, [])
  const { warnings } = alertsOf(`${two}, routes: [{receivers: [a]}]`)
  assert.deepEqual(
    warnings.map((warning) => warning.split(':')[0]),
    ['alerts.receivers[1]'],
  )
})

test('inhibition and live thresholds arrive', () => {
  const { inhibit, live } = alertsOf(
    'inhibit: [{source: {type: budget_exceeded}, target: {type: [budget_threshold]}, equal: [budget, window]}], live: {' +
      'hourly_cost_usd: {total: 15, models: {GPT-4.1: 5, deepseek-v3.2: 0.50}}, ' +
      'output_tokens: {models: {gpt-4.1: 8000}, default: 4000}, duplicate_prompts: 3, ' +
      'upstream_errors: {percent: 20, least_calls: 50, window: 10m}, unpriced_models: false}',
  )
  assert.deepEqual(inhibit, [
    { source: { type: ['budget_exceeded'] }, target: { type: ['budget_threshold'] }, equal: ['budget', 'window'] },
  ])
  assert.deepEqual(live, {
    hourlyCost: {
      totalPicoUsd: 15_000_000_000_000n,
      models: { 'gpt-4.1': 5_000_000_000_000n, 'deepseek-v3.2': 500_000_000_000n },
    },
    outputTokens: { models: { 'gpt-4.1': 8000 }, others: 4000 },
    duplicatePrompts: 3,
    upstreamErrors: { percent: 20, leastCalls: 50, windowMs: 600_000 },
    unpricedModels: false,
  })
})

test('nothing is watched beside budgets but models without a price, unless the file says so', () => {
  const { receivers, routes, inhibit, live, allowPrivateUrls } = alertsOf('')
  assert.deepEqual([receivers, routes, inhibit, allowPrivateUrls], [[], [], [], false])
  const nothing = { hourlyCost: null, outputTokens: null, duplicatePrompts: null, upstreamErrors: null }
  assert.deepEqual(live, { ...nothing, unpricedModels: true })
  assert.deepEqual(alertsOf('live: {upstream_errors: {percent: 5}, output_tokens: {}}').live, {
    ...{ ...nothing, unpricedModels: true },
    outputTokens: { models: {}, others: 10_000 },
    upstreamErrors: { percent: 5, leastCalls: 20, windowMs: 300_000 },
  })
})

test('receivers inside the own network are refused unless they are allowed', () => {
  const inside = [
    ...['http://127.0.0.1:9093', 'http://localhost:9093', 'http://am.localhost', 'http://10.1.2.3/x', 'http://[::1]/'],
    ...['http://169.254.169.254/', 'http://[fd00::1]', 'http://192.168.1.1', 'http://0x7f.1/', 'http://2130706433/'],
    ...['http://[::ffff:10.0.0.1]/', 'http://0/'],
  ]
  for (const url of inside) {
    for (const kind of [`slack: {url: "${url}"}`, `webhook: {url: "${url}", secret: "0123456789abcdef"}`]) {
      const [place = ''] = kind.split(':')
      checkFault(`receivers: [{name: a, ${kind}}]`, `receivers[0].${place}.url`, 'private address')
      assert.equal(alertsOf(`allow_private_urls: true, receivers: [{name: a, ${kind}}]`).receivers.length, 1)
    }
  }
  assert.equal(alertsOf('receivers: [{name: a, alertmanager: {url: "http://alertmanager:9093"}}]').receivers.length, 1)
})

test('a receiver that could not be told is refused, with its place and the reason', () => {
  const receiver = (yaml: string, place: string, word: string) =>
    checkFault(`receivers: [{name: a, ${yaml}}]`, place, word)
  receiver('language: en', 'receivers[0]', 'exactly one of slack')
  receiver('log: {}, slack: {url: "https://x.example"}', 'receivers[0]', 'has slack and log')
  receiver('slak: {url: "https://x.example"}', 'receivers[0].slak', 'slack')
  receiver('slack: {url: "ftp://x.example"}', 'receivers[0].slack.url', 'is not an http')
  receiver('slack: {url: "https://u:p@x.example"}', 'receivers[0].slack.url', 'user name')
  receiver('slack: {}', 'receivers[0].slack.url', 'is missing')
  receiver('pagerduty: {}', 'receivers[0].pagerduty.routing_key', 'is missing')
  receiver('log: {}, language: fr', 'receivers[0].language', 'en, de, vi')
  receiver('webhook: {url: "https://x.example"}', 'receivers[0].webhook', 'has no secret')
  receiver('webhook: {url: "https://x.example", secret: a, secrets: [b]}', 'receivers[0].webhook', 'secret and secrets')
  receiver('webhook: {url: "https://x.example", secrets: [a, b, c]}', 'receivers[0].webhook.secrets', 'one or two')
  const mail = (smtp: string, to = 'a@x.example') => `email: {from: t@x.example, to: ${to}, smtp: {host: m, ${smtp}}}`
  receiver(mail('port: 70000'), 'receivers[0].email.smtp.port', 'out of range')
  receiver(mail('security: ssl'), 'receivers[0].email.smtp.security', 'tls, starttls, none')
  receiver(mail('user: u'), 'receivers[0].email.smtp', 'one of user and password')
  receiver(mail('port: 25', 'nobody'), 'receivers[0].email.to', 'is not a mail address')
  receiver(mail('port: 25', '[a@x.example, b]'), 'receivers[0].email.to[1]', 'is not a mail address')
  checkFault('receivers: [{name: a, log: {}}, {name: A, log: {}}]', 'receivers[1].name', 'alerts.receivers[0].name')
})

test('a route that leads nowhere or never matches is refused', () => {
  const route = (yaml: string, place: string, word: string) => checkFault(`${ops}, routes: [{${yaml}}]`, place, word)
  route('receivers: [nobody]', 'routes[0].receivers[0]', 'names no receiver; expected one of ops')
  route('receivers: []', 'routes[0].receivers', 'is empty')
  route('receivers: [ops], match: {sevrity: critical}', 'routes[0].match.sevrity', 'severity, perhaps?')
  route('receivers: [ops], match: {severity: loud}', 'routes[0].match.severity', 'info, warning, critical')
  route('receivers: [ops], match: {type: budget}', 'routes[0].match.type', 'budget_threshold')
  route('receivers: [ops], group_by: [colour]', 'routes[0].group_by[0]', 'is no label')
  route('receivers: [ops], group_wait: 30', 'routes[0].group_wait', 'is not a duration')
  route('receivers: [ops], repeat_interval: 1s', 'routes[0].repeat_interval', 'out of range')
  checkFault('inhibit: [{source: {}, target: {type: hourly_cost}}]', 'inhibit[0].source', 'is empty')
  checkFault('inhibit: [{source: {type: hourly_cost}}]', 'inhibit[0].target', 'is empty')
})

test('live thresholds that are none are refused', () => {
  checkFault('live: {hourly_cost_usd: {total: 0}}', 'live.hourly_cost_usd.total', 'is zero')
  checkFault('live: {hourly_cost_usd: {}}', 'live.hourly_cost_usd', 'sets no limit')
  checkFault('live: {hourly_cost_usd: {models: {m: -1}}}', 'live.hourly_cost_usd.models.m', 'is negative')
  checkFault('live: {output_tokens: {models: {a: 1, A: 2}}}', 'live.output_tokens.models.A', 'given twice')
  checkFault('live: {upstream_errors: {}}', 'live.upstream_errors.percent', 'is missing')
  checkFault('live: {upstream_errors: {percent: 101}}', 'live.upstream_errors.percent', 'out of range')
  checkFault('live: {unpriced_models: maybe}', 'live.unpriced_models', 'true or false')
})

test('a wrong part does not hide the faults of another, and no fault repeats a secret', () => {
  const found = faultsOf(
    'live: {duplicate_prompts: none}, receivers: [{name: a, slack: {url: "s3cret"}}, {name: b, log: {}}], ' +
      'routes: [{receivers: [a, c]}], lve: 1, allow_private_urls: yes',
  )
  assert.deepEqual(found.map((line) => line.slice(0, line.indexOf(' ('))).sort(), [
    'alerts.allow_private_urls',
    'alerts.live.duplicate_prompts',
    'alerts.lve',
    'alerts.receivers[0].slack.url',
    'alerts.routes[0].receivers[1]',
  ])
  assert.ok(!found.join().includes('s3cret'))
  assert.match(load('alerts: []').ok ? '' : 'refused', /refused/)
})
