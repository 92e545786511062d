import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { loadConfig } from '#config/load.ts'
import { globMatcher } from '#lib/glob.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const examples = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, example = '']) => example)
const large = examples.find((example) => example.includes('providers:')) ?? ''
const env = {
  RELAY_KEY: 'relay',
  OPENAI_API_KEY: 'sk-openai',
  ANTHROPIC_API_KEY: 'sk-anthropic',
  SEARCH_TEAM_KEY: 'a-key-of-the-search-team',
}

test('every example of the README loads without a warning', () => {
  assert.ok(examples.length >= 2)
  for (const example of examples) {
    const loaded = loadConfig({ env, cwd: '/app', readFile: () => example })
    assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.faults))
    assert.deepEqual(loaded.warnings, [])
  }
})

test('the large example of the README gives each of its providers something to serve', () => {
  const loaded = loadConfig({ env, cwd: '/app', readFile: () => large })
  assert.ok(loaded.ok, JSON.stringify(loaded))
  const first = (model: string) => loaded.config.providers.find(({ models }) => globMatcher(models)(model))?.name
  const asked = ['gpt-4.1', loaded.config.aliases[0]?.target ?? '', 'claude-sonnet-4-5']
  assert.deepEqual(asked.map(first), ['relay', 'openai', 'anthropic'])
})
