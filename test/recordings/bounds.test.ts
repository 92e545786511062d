import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { makePriceBook } from '#core/pricing/price-book.ts'
import { disjointCounts, wholeInput, wholeOutput } from '#core/usage/counts.ts'
import { globMatcher } from '#lib/glob.ts'
import { callBounds } from '#providers/call-bounds.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'
import { type EndpointMatch, matchEndpoint } from '#providers/endpoints.ts'
import { readRequest } from '#providers/requests/read-request.ts'
import { findRecordings, type Recording, readRecordings, recordingsMissing } from './locate.ts'
import { bodyOf, readStream, readWhole, sourceOf } from './replay.ts'

const paths: Readonly<Record<string, string>> = {
  'chat.completions': '/v1/chat/completions',
  completions: '/v1/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  embeddings: '/v1/embeddings',
}

function matchOf({ api, url }: Recording): EndpointMatch | null {
  const model = /models\/([^/:]+):/.exec(url ?? '')?.[1]
  const path = model === undefined ? paths[api] : `/v1beta/models/${model}:generateContent`
  return path === undefined ? null : matchEndpoint('POST', path)
}

const directory = findRecordings()

if (directory === null) {
  test('the bounds of recorded calls', (context) => {
    context.diagnostic(recordingsMissing)
    assert.equal(directory, null)
  })
} else {
  const catalog = await openCatalog()
  const options = { catalog, overrides: [], upstreams: [], exchangeRates: [], matcher: globMatcher } as const
  const book = makePriceBook({ ...options, costSource: 'computed' })
  let bounded = 0

  suite('no recorded call used more, or cost more, than its bound', () => {
    for (const recording of readRecordings(directory)) {
      const match = matchOf(recording)
      const { request } = recording
      if (match === null || request === null || typeof request !== 'object') continue
      const asked = readRequest({ match, contentType: '', body: Buffer.from(JSON.stringify(request)) })
      const { usage, model: answering } = recording.stream
        ? readStream(sourceOf(recording), [bodyOf(recording)]).reading
        : readWhole(recording)
      if (asked.kind === 'refused' || usage === null) continue
      test(recording.name, () => {
        const { facts, reach } = asked
        const model = facts.model ?? answering ?? ''
        const vendor = catalog.vendorOfModel(model) ?? 'openai'
        const served = answering ?? model
        const { bounds } = callBounds({ match, facts, reach, upstream: 'up', vendor, model, atMs: 0 })
        const counts = disjointCounts(usage, new Set())
        if (bounds.inputTokens !== null) assert.ok(wholeInput(counts) <= bounds.inputTokens, 'input')
        if (bounds.outputTokens !== null) assert.ok(wholeOutput(counts) <= bounds.outputTokens, 'output')
        const bound = book.boundCall({ ...bounds, modelsServed: [served] })
        if (bound.kind !== 'bounded') return
        const call = {
          upstream: 'up',
          vendor,
          modelServed: served,
          modelRouted: model,
          endpoint: match.endpoint,
          atMs: 0,
        }
        const { cost } = book.priceCall({ ...call, usage: usage, usageSource: 'provider' })
        assert.ok(cost.totalPicoUsd <= bound.picoUsd, `cost ${cost.totalPicoUsd} above ${bound.picoUsd}`)
        bounded += 1
      })
    }

    test('most of them have a bound', () => {
      assert.ok(bounded > 60, String(bounded))
    })
  })
}
