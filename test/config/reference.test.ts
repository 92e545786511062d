import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { alerts } from '#config/alert-schema.ts'
import { faultLine } from '#config/faults.ts'
import { lists, singles } from '#config/file-schema.ts'
import { loadConfig } from '#config/load.ts'

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const example = /<!-- complete example -->\n```yaml\n(.*?)```/s.exec(text)?.[1] ?? ''
const outsideExample = text.replace(example, '')

const schemas = { ...singles, ...lists, alerts }

const env = {
  OPENAI_API_KEY: 'sk-openai',
  ANTHROPIC_API_KEY: 'sk-anthropic',
  RELAY_KEY: 'relay',
  SEARCH_TEAM_KEY: 'a-key-of-the-search-team',
  SLACK_WEBHOOK_URL: 'https://hooks.example.com/x',
  PAGERDUTY_KEY: 'pd',
  ELSEWHERE_SECRET: 'a-secret-shared-with-it',
}

/** A schema, or what is around it, down to the names of its own fields; none for a value without fields. */
function fieldsOf(schema: unknown): string[] {
  if (schema === null || typeof schema !== 'object') return []
  if ('shape' in schema && schema.shape !== null && typeof schema.shape === 'object') {
    return Object.entries(schema.shape).flatMap(([field, inner]) => [field, ...fieldsOf(inner)])
  }
  if ('element' in schema) return fieldsOf(schema.element)
  return 'unwrap' in schema && typeof schema.unwrap === 'function' ? fieldsOf(schema.unwrap()) : []
}

test('the complete example of the reference loads, with nothing to warn of', () => {
  const loaded = loadConfig({ env, cwd: '/app', readFile: () => example })
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.faults.map(faultLine).join('\n'))
  assert.deepEqual(loaded.warnings, [])
})

test('the complete example shows every top-level setting', () => {
  for (const setting of Object.keys(schemas)) assert.match(example, new RegExp(`^${setting}:`, 'm'), setting)
})

test('the reference names every setting and its fields outside the example', () => {
  for (const [setting, schema] of Object.entries(schemas)) {
    for (const name of [setting, ...fieldsOf(schema)]) {
      const written = new RegExp(`\`(?:[a-z_.]+\\.)?${name}(?:\\.[a-z_.]+)?\`|[{ ,]${name}[:,}]`)
      assert.match(outsideExample, written, `${setting}: ${name} is not in docs/configuration.md`)
    }
  }
})
