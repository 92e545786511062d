import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { faultLine } from '#config/faults.ts'
import { loadConfig } from '#config/load.ts'

const env = {
  OPENAI_API_KEY: 'sk-openai',
  SEARCH_TEAM_KEY: 'a-key-of-the-search-team',
  SLACK_WEBHOOK_URL: 'https://hooks.example.com/x',
  PAGERDUTY_KEY: 'pd',
  HOLYSHEEP_WEBHOOK_SECRET: 'a-secret-of-the-relay',
}

function loadExample() {
  const readFile = () => readFileSync(new URL('./contract-example.yaml', import.meta.url), 'utf8')
  return loadConfig({ env, cwd: '/app', readFile })
}

test('the documented example file loads, and its settings arrive', () => {
  const loaded = loadExample()
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.faults.map(faultLine).join('\n'))
  const { config } = loaded
  const [provider] = config.providers
  assert.deepEqual(
    [provider?.name, provider?.kind, provider?.baseUrl, provider?.apiKey, provider?.models],
    ['openai', 'openai', 'https://api.openai.com/v1', 'sk-openai', ['gpt-*', 'o3*']],
  )
  assert.deepEqual(provider?.timeoutMs, { connect: 5000, firstByte: 120_000, idle: 60_000 })
  assert.deepEqual(provider?.retries, { max: 3, baseMs: 1000 })
  assert.deepEqual(config.aliases, [{ name: 'fast', target: 'gpt-4.1-mini' }])
  assert.equal(config.keys[0]?.attribution.costCenter, 'cc_search')
  assert.deepEqual(config.prices[0]?.rates, { input_per_mtok: '8', output_per_mtok: '8' })
  assert.deepEqual(config.exchangeRates, [{ from: 'CNY', to: 'USD', rate: '1', sinceMs: Date.UTC(2026, 0, 1) }])
})

test('the budgets, alerts and sources of the example arrive, without a warning', () => {
  const loaded = loadExample()
  assert.ok(loaded.ok)
  const { budgets, alerts, incoming } = loaded.config
  assert.deepEqual(loaded.warnings, [])
  assert.deepEqual(
    budgets.map(({ name, scope, timezone, limits }) => [name, scope.payer, timezone, limits]),
    [
      [
        'engineering',
        { department: ['engineering'] },
        'Europe/Berlin',
        [
          { quantity: 'usd', window: 'day', picoUsd: 300n * 10n ** 12n },
          { quantity: 'usd', window: 'month', picoUsd: 5000n * 10n ** 12n },
        ],
      ],
    ],
  )
  assert.deepEqual(
    alerts.receivers.map(({ name, kind }) => [name, kind]),
    [
      ['ops', 'slack'],
      ['duty', 'pagerduty'],
    ],
  )
  assert.deepEqual(
    alerts.routes.map(({ match, receivers }) => [match, receivers]),
    [
      [{ severity: ['critical'] }, ['duty']],
      [{}, ['ops']],
    ],
  )
  assert.deepEqual([incoming[0]?.source, incoming[0]?.attribution.department], ['holysheep', 'unassigned'])
})
