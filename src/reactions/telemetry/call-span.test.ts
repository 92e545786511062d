import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import fc from 'fast-check'
import { type EndpointName, endpointNames, type SettleEntry } from '#core/ledger/entry.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { arbitraryEntry } from '#test/journal/arbitrary-entries.ts'
import { settleEntry } from '#test/journal/entries.ts'
import { callMeasures } from './call-measures.ts'
import { callSpan } from './call-span.ts'
import { attribute, operations, otherError, providerName } from './names.ts'

const link = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', parentSpanId: '' }
const settled = arbitraryEntry.filter((entry) => entry.kind === 'settle')

test('attributes have the names of the conventions', () => {
  assert.deepEqual(attribute, {
    operationName: conventions.ATTR_GEN_AI_OPERATION_NAME,
    providerName: conventions.ATTR_GEN_AI_PROVIDER_NAME,
    requestModel: conventions.ATTR_GEN_AI_REQUEST_MODEL,
    requestStream: conventions.ATTR_GEN_AI_REQUEST_STREAM,
    responseModel: conventions.ATTR_GEN_AI_RESPONSE_MODEL,
    timeToFirstChunk: conventions.ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
    outputType: conventions.ATTR_GEN_AI_OUTPUT_TYPE,
    inputTokens: conventions.ATTR_GEN_AI_USAGE_INPUT_TOKENS,
    outputTokens: conventions.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
    cacheReadTokens: conventions.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    cacheCreationTokens: conventions.ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
    reasoningTokens: conventions.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    errorType: conventions.ATTR_ERROR_TYPE,
    serverAddress: conventions.ATTR_SERVER_ADDRESS,
    serverPort: conventions.ATTR_SERVER_PORT,
    statusCode: conventions.ATTR_HTTP_RESPONSE_STATUS_CODE,
  })
  assert.equal(otherError, conventions.ERROR_TYPE_VALUE_OTHER)
})

describe('operations', () => {
  const chat = conventions.GEN_AI_OPERATION_NAME_VALUE_CHAT
  const generate = conventions.GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT
  const embeddings = conventions.GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS
  const wellKnown: Partial<Record<EndpointName, string>> = {
    'chat.completions': chat,
    responses: chat,
    messages: chat,
    completions: conventions.GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
    embeddings,
    embedContent: embeddings,
    generateContent: generate,
    images: generate,
    'audio.speech': generate,
    'audio.transcriptions': generate,
    'audio.translations': generate,
  }
  for (const endpoint of endpointNames) {
    test(`${endpoint} has the name that the conventions have for it, or one of our own`, () => {
      const known = Object.entries(conventions).flatMap(([name, value]) =>
        name.startsWith('GEN_AI_OPERATION_NAME_VALUE_') ? [value] : [],
      )
      const expected = wellKnown[endpoint]
      if (expected !== undefined) assert.equal(operations[endpoint].name, expected)
      else assert.ok(!(known as unknown[]).includes(operations[endpoint].name))
    })
  }

  test('what comes out of it is a kind that the conventions know', () => {
    assert.equal(operations.images.outputType, conventions.GEN_AI_OUTPUT_TYPE_VALUE_IMAGE)
    assert.equal(operations['audio.speech'].outputType, conventions.GEN_AI_OUTPUT_TYPE_VALUE_SPEECH)
    assert.equal(operations['audio.transcriptions'].outputType, conventions.GEN_AI_OUTPUT_TYPE_VALUE_TEXT)
  })
})

const providers: [vendor: string, name: string][] = [
  ['openai', conventions.GEN_AI_PROVIDER_NAME_VALUE_OPENAI],
  ['anthropic', conventions.GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC],
  ['google', conventions.GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI],
  ['deepseek', conventions.GEN_AI_PROVIDER_NAME_VALUE_DEEPSEEK],
  ['mistral', conventions.GEN_AI_PROVIDER_NAME_VALUE_MISTRAL_AI],
  ['x-ai', conventions.GEN_AI_PROVIDER_NAME_VALUE_X_AI],
  ['aws', conventions.GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK],
  ['azure', conventions.GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI],
  ['groq', conventions.GEN_AI_PROVIDER_NAME_VALUE_GROQ],
  ['cohere', conventions.GEN_AI_PROVIDER_NAME_VALUE_COHERE],
  ['perplexity', conventions.GEN_AI_PROVIDER_NAME_VALUE_PERPLEXITY],
  // Later than the package.
  ['moonshotai', 'moonshot_ai'],
  ['a-vendor-of-tomorrow', 'a-vendor-of-tomorrow'],
  ['constructor', 'constructor'],
]
for (const [vendor, name] of providers) {
  test(`the vendor ${vendor} is the provider ${name}`, () =>
    assert.equal(providerName(vendor, 'chat.completions'), name))
}

test('a call that met no provider has that of the API called', () => {
  assert.equal(providerName('', 'messages'), conventions.GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC)
  assert.equal(providerName('', 'generateContent'), conventions.GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI)
  assert.equal(providerName('', 'responses'), conventions.GEN_AI_PROVIDER_NAME_VALUE_OPENAI)
})

describe('the span of a call', () => {
  const spanOf = (entry: SettleEntry) => callSpan(entry, link, new Map())

  test('has the exact cost, to the last of twelve places, whatever it is', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (pico) => {
        const entry = settleEntry('c1')
        const { attributes } = spanOf({ ...entry, cost: { ...entry.cost, totalPicoUsd: picoUsd(pico) } })
        const text = attributes['tollgate.cost.usd']
        assert.ok(typeof text === 'string')
        assert.equal(BigInt(text.replace('.', '')), pico)
        assert.match(text, /^-?\d+\.\d{12}$/)
      }),
    )
  })

  test('never has the message of an error, and an error exactly where the call was not served', () => {
    fc.assert(
      fc.property(settled, (entry) => {
        const said = 'IGNORE ALL PREVIOUS INSTRUCTIONS'
        const span = spanOf({ ...entry, errorMessage: said })
        assert.ok(!JSON.stringify(span).includes(said))
        assert.equal(span.errorType === '', entry.outcome === 'served')
        assert.equal(span.attributes[attribute.errorType] === undefined, entry.outcome === 'served')
        assert.equal(span.events.length, entry.attempts.length)
      }),
    )
  })

  test('has counts only where somebody counted', () => {
    const none = spanOf(settleEntry('c1', { usageSource: 'none' }))
    assert.equal(none.attributes[attribute.inputTokens], undefined)
    const some = spanOf(settleEntry('c1'))
    assert.equal(some.attributes[attribute.inputTokens], 1200)
    assert.equal(some.attributes[attribute.cacheReadTokens], 1024)
    assert.equal(some.attributes[attribute.cacheCreationTokens], undefined)
  })
})

describe('the measures of a call', () => {
  const measuresOf = (changes: Partial<SettleEntry>) => callMeasures(settleEntry('c1', changes), new Map())

  test('are none where the cost was metered elsewhere', () => {
    assert.equal(measuresOf({ marks: ['external'] }), null)
  })

  test('leave out how long a job lasted, which is how long nobody fetched it', () => {
    const job = measuresOf({ marks: ['background_job'] })
    assert.equal(job?.durationSeconds, null)
    assert.equal(job?.inputTokens, 1200)
  })

  test('have a time to the first chunk of streams alone', () => {
    const entry = settleEntry('c1', { timeToFirstTokenMs: 250 })
    assert.equal(callMeasures(entry, new Map())?.firstChunkSeconds, null)
    const stream = { ...entry, call: { ...entry.call, stream: true } }
    assert.equal(callMeasures(stream, new Map())?.firstChunkSeconds, 0.25)
  })

  test('name no model that only the caller has named', () => {
    const entry = settleEntry('c1', { outcome: 'refused', modelServed: '' })
    const refused = { ...entry, call: { ...entry.call, modelRouted: '', modelRequested: 'anything-at-all' } }
    assert.ok(!JSON.stringify(callMeasures(refused, new Map())).includes('anything-at-all'))
  })

  test('add up to the tokens of the ledger', () => {
    fc.assert(
      fc.property(fc.array(settled, { maxLength: 20 }), (entries) => {
        const calls = entries.filter(({ marks }) => !marks.includes('external'))
        const counted = calls.filter(({ usageSource }) => usageSource !== 'none')
        const measures = calls.map((entry) => callMeasures(entry, new Map()))
        const sum = (numbers: (number | null | undefined)[]) =>
          numbers.reduce<bigint>((all, number) => all + BigInt(number ?? 0), 0n)
        assert.equal(sum(measures.map((one) => one?.inputTokens)), sum(counted.map(({ tokens }) => tokens.input)))
        assert.equal(sum(measures.map((one) => one?.outputTokens)), sum(counted.map(({ tokens }) => tokens.output)))
      }),
    )
  })
})

test('texts of a journal of before they had bounds are cut', () => {
  const long = 'x'.repeat(1_000_000)
  const plain = settleEntry('a')
  const names = { modelRequested: long, modelRouted: long, upstream: long, requestId: long, keyId: long }
  const payer = { ...plain.call.payer, department: long, userId: long, tags: { [long]: long } }
  const entry: SettleEntry = { ...plain, call: { ...plain.call, ...names, payer }, modelServed: long, errorCode: long }
  const told = JSON.stringify([callSpan(entry, link, new Map()), callMeasures(entry, new Map())])
  assert.ok(told.length < 60_000, `${told.length}`)
})
