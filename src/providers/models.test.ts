import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProviderConfig, ProviderKind } from '#config/config.ts'
import { matchEndpoint } from './endpoints.ts'
import { type KnownModel, type ModelDirectory, modelResolver } from './models.ts'

function provider(name: string, kind: ProviderKind, models: readonly string[]): ProviderConfig {
  return {
    name,
    kind,
    baseUrl: 'https://example.com/v1',
    apiKey: 'k',
    models,
    timeoutMs: { connect: 1, firstByte: 1, idle: 1 },
    retries: { max: 0, baseMs: 1 },
    billing: { currency: 'USD', discounts: [] },
    keepMetadata: false,
    askStreamUsage: true,
    maxConnections: 1,
  }
}

const known: readonly KnownModel[] = [
  ...['gpt-4.1', 'gpt-4.1-mini', 'gpt-4.1-nano', 'gpt-4o', 'gpt-4o-mini', 'o3', 'text-embedding-3-small'].map(
    (name) => ({ name, vendor: 'openai' }),
  ),
  ...['claude-sonnet-4-5', 'claude-opus-4-5'].map((name) => ({ name, vendor: 'anthropic' })),
  ...['gemini-2.5-flash', 'gemini-2.5-pro', 'claude-sonnet-4-5'].map((name) => ({ name, vendor: 'google' })),
  { name: 'deepseek-v3.2', vendor: 'deepseek' },
  { name: 'qwen/qwen3-32b', vendor: 'openrouter' },
]

const vendors = [
  provider('openai', 'openai', ['gpt-*', 'o3*', 'text-embedding-*', 'ft:*']),
  provider('anthropic', 'anthropic', ['claude-*']),
  provider('google', 'google', ['gemini-*']),
  provider('deepseek', 'deepseek', ['deepseek-*']),
]

const relay = provider('relay', 'openai-compatible', ['*'])

/** `expected`: provider, model and vendor; or `unknown` and close matches; or `unsupported`. */
function check(
  requested: string | null,
  expected: string,
  {
    path = '/v1/chat/completions',
    method = 'POST',
    ...directory
  }: Partial<ModelDirectory> & { path?: string; method?: string } = {},
): void {
  const match = matchEndpoint(method, path) ?? assert.fail(path)
  const resolver = modelResolver({ aliases: [], providers: vendors, knownModels: known, ...directory })
  for (let time = 0; time < 2; time += 1) {
    const route = resolver.resolve(requested, match)
    const shown =
      route.kind === 'routed'
        ? `${route.upstream.name} ${route.model} ${route.vendor}`
        : route.kind === 'unknown'
          ? ['unknown', ...route.closeMatches].join(' ')
          : 'unsupported'
    assert.equal(shown, expected, String(requested))
  }
}

test('a model goes to the first provider whose globs match and that serves the call', () => {
  check('gpt-4.1', 'openai gpt-4.1 openai')
  check('claude-opus-4-5', 'anthropic claude-opus-4-5 anthropic')
  check('gemini-2.5-flash', 'google gemini-2.5-flash google')
  check('gpt-4.1', 'relay gpt-4.1 openai', { providers: [relay, ...vendors] })
  check('llama-3', 'relay llama-3 openai-compatible', { providers: [...vendors, relay] })
  check('gpt-4.1', 'relay gpt-4.1 openai', { path: '/v1/messages', providers: [...vendors, relay] })
})

test('names that no list knows yet go to whoever says it serves them', () => {
  check('gpt-9-turbo', 'openai gpt-9-turbo openai')
  check('ft:gpt-4o:My-Org::Abc', 'openai ft:gpt-4o:My-Org::Abc openai')
})

test('capitals and mixed-up dots, dashes and underscores mean the one known name', () => {
  check('GPT-4.1', 'openai gpt-4.1 openai')
  check('gpt_4_1_mini', 'openai gpt-4.1-mini openai')
  check('gpt-4-1', 'openai gpt-4.1 openai')
  check(' gpt 4.1 ', 'openai gpt-4.1 openai')
  check('claude-sonnet-4.5', 'anthropic claude-sonnet-4-5 anthropic')
  check('Claude_Sonnet_4.5-20250929', 'anthropic claude-sonnet-4-5-20250929 anthropic')
  check('GPT-4-1-2025-04-14', 'openai gpt-4.1-2025-04-14 openai')
  check('deepseek_v3_2', 'deepseek deepseek-v3.2 deepseek')
  check('models/gemini-2.5-flash', 'google gemini-2.5-flash google')
})

test('a spelling that could mean two names is left as it is', () => {
  const knownModels = [...known, { name: 'gpt-4-1', vendor: 'openai' }]
  check('gpt-4.1', 'openai gpt-4.1 openai', { knownModels })
  check('gpt-4-1', 'openai gpt-4-1 openai', { knownModels })
  check('GPT_4_1', 'unknown gpt-4.1 gpt-4-1 gpt-4o', { knownModels })
})

test('a relay spells as it likes, except for capitals and underscores in well-known names', () => {
  const providers = [relay]
  check('claude-sonnet-4.5', 'relay claude-sonnet-4.5 anthropic', { providers })
  check('Qwen/Qwen3-32B', 'relay Qwen/Qwen3-32B openai-compatible', { providers })
  check('Llama-3.1-8B', 'relay Llama-3.1-8B openai-compatible', { providers })
  check('GPT_4.1', 'relay gpt-4.1 openai', { providers })
})

test('names that the configuration writes out are spelled as there', () => {
  const providers = [provider('local', 'openai-compatible', ['Qwen2.5-72B', 'claude-sonnet-4.5'])]
  check('qwen2-5-72b', 'local Qwen2.5-72B openai-compatible', { providers })
  check('Claude-Sonnet-4-5', 'local claude-sonnet-4.5 anthropic', { providers })
  check('claude-opus-4-5', 'unknown claude-sonnet-4.5', { providers })
})

test('the simulated provider spells like the vendors', () => {
  const providers = [provider('sim', 'simulated', ['gpt-*', 'claude-*'])]
  check('claude-sonnet-4.5', 'sim claude-sonnet-4-5 anthropic', { providers })
  check('GPT-4.1', 'sim gpt-4.1 openai', { providers })
  check('llama-99', 'unknown', { providers })
})

test('aliases come first, in any spelling, and may name each other', () => {
  const aliases = [
    { name: 'fast', target: 'gpt-4.1-mini' },
    { name: 'default', target: 'fast' },
    { name: 'gpt-4o', target: 'claude-opus-4-5' },
    { name: 'round', target: 'round' },
  ]
  check('fast', 'openai gpt-4.1-mini openai', { aliases })
  check('FAST', 'openai gpt-4.1-mini openai', { aliases })
  check('default', 'openai gpt-4.1-mini openai', { aliases })
  check('gpt-4o', 'anthropic claude-opus-4-5 anthropic', { aliases })
  check('round', 'unknown', { aliases })
  check('fasst', 'unknown fast', { aliases })
})

test('unknown names get at most five close ones, best first', () => {
  const providers = [provider('narrow', 'openai', ['gpt-4.1*', 'gpt-4o*'])]
  check('gtp-4.1-mini', 'unknown gpt-4.1-mini gpt-4o-mini', { providers })
  check('something-else-entirely', 'unknown', { providers })
  check('x'.repeat(100_000), 'unknown', { providers })
})

test('a call that the maker of the model does not serve is told so', () => {
  check('gpt-4.1', 'unsupported', { path: '/v1/messages' })
  check('claude-opus-4-5', 'unsupported', { path: '/v1/responses' })
  const match = matchEndpoint('POST', '/v1/messages') ?? assert.fail()
  const route = modelResolver({ aliases: [], providers: vendors, knownModels: known }).resolve('gpt-4.1', match)
  assert.match(
    route.kind === 'unsupported' ? route.message : '',
    /gpt-4\.1: OpenAI does not serve messages .*chat\/completions/,
  )
})

test('what is remembered of a name at one endpoint is not said of it at another', () => {
  const resolver = modelResolver({ aliases: [], providers: vendors, knownModels: known })
  // The second and the third are one endpoint, in the APIs of two vendors.
  const calls = [
    'POST /v1/chat/completions',
    'GET /v1/models/claude-opus-4-5',
    'GET /anthropic/v1/models/claude-opus-4-5',
  ]
  const kinds = ['routed', 'unsupported', 'routed']
  for (let time = 0; time < 2; time += 1) {
    const found = calls.map((line) => {
      const [method = '', path = ''] = line.split(' ')
      return resolver.resolve('claude-opus-4-5', matchEndpoint(method, path) ?? assert.fail(line)).kind
    })
    assert.deepEqual(found, kinds)
  }
})

test('calls without a model go to the first provider that serves such calls', () => {
  check(null, 'openai  openai', { path: '/v1/files', method: 'GET' })
  check(null, 'anthropic  anthropic', { path: '/v1/messages/batches', method: 'GET' })
  check(null, 'google  google', { path: '/v1beta/models', method: 'GET' })
  check(null, 'unsupported', { path: '/v1/files', method: 'GET', providers: [vendors[1] ?? relay] })
  check(null, 'unsupported', { providers: [] })
})

test('invented names do not push the memory without bound, nor names in use out of reach', () => {
  const resolver = modelResolver({ aliases: [], providers: vendors, knownModels: [] })
  const match = matchEndpoint('POST', '/v1/chat/completions') ?? assert.fail()
  for (let index = 0; index < 12_000; index += 1) assert.equal(resolver.resolve(`gpt-${index}`, match).kind, 'routed')
  assert.deepEqual(resolver.resolve('gpt-0', match), resolver.resolve('gpt-0', match))
})
