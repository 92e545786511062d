import assert from 'node:assert/strict'
import { test } from 'node:test'
import { book, call, check, shown } from '#test/pricing/sample-book.ts'

test('every kind of token costs its own rate', () => {
  check(
    'chat-1',
    { inputTokens: 1000, cachedInputTokens: 200, cacheWriteTokens: 100, outputTokens: 50, reasoningTokens: 20 },
    { in: '0.0014', cached: '0.0001', write: '0.00025', out: '0.0004', total: '0.00215' },
  )
  check(
    'media-1',
    {
      inputTokens: 100,
      audioInputTokens: 60,
      audioCachedTokens: 10,
      cachedInputTokens: 20,
      outputTokens: 30,
      audioOutputTokens: 10,
      reasoningTokens: 5,
      imageOutputTokens: 5,
    },
    { in: '0.00206', cached: '0.000042', out: '0.00109', total: '0.003192' },
  )
  check(
    'chat-1',
    { inputTokens: 10, audioInputTokens: 10, outputTokens: 1, videoOutputTokens: 1 },
    { in: '0.00002', out: '0.000008', total: '0.000028', marks: ['audio_not_priced'] },
  )
})

test('audio at the rate of text says so, either way', () => {
  const marks = ['audio_not_priced']
  check('chat-1', { inputTokens: 10, audioInputTokens: 1, outputTokens: 0 }, { in: '0.00002', total: '0.00002', marks })
  check(
    'chat-1',
    { inputTokens: 0, outputTokens: 1, audioOutputTokens: 1 },
    { out: '0.000008', total: '0.000008', marks },
  )
  check('chat-1', { inputTokens: 10, audioInputTokens: 0, outputTokens: 0 }, { in: '0.00002', total: '0.00002' })
})

test('a write for an hour without a rate of its own costs twice the input, or the input where writes are not charged', () => {
  check('chat-1', { inputTokens: 10, cacheWrite1hTokens: 10 }, { write: '0.00004', total: '0.00004' })
  check('helper-1', { inputTokens: 10, cacheWrite1hTokens: 10 }, { write: '0.0001', total: '0.0001' })
})

test('nothing to bill is zero and priced, and names no version', () => {
  for (const usage of [null, {}, { inputTokens: 0, outputTokens: 0 }]) {
    check('chat-1', usage, {})
    check('no-such-model', usage, {})
    assert.equal(book().priceCall(call('no-such-model', usage)).cost.priceVersion, '')
  }
  check('chat-1', { inputTokens: 2000 }, {}, { endpoint: 'messages.count_tokens' })
})

test('tokens without a price cost zero and say so', () => {
  check('no-such-model', { inputTokens: 5, outputTokens: 5 }, { marks: ['unpriced'], unpriced: true })
  check(
    'embed-1',
    { inputTokens: 100, outputTokens: 1 },
    { in: '0.000002', total: '0.000002', marks: ['unpriced'], unpriced: true },
  )
  check('hear-1', {}, { marks: ['usage_missing', 'unpriced'], unpriced: true }, { endpoint: 'audio.transcriptions' })
})

test('searches, seconds and fees per request are other costs', () => {
  check(
    'chat-1',
    { inputTokens: 1, outputTokens: 0, webSearchRequests: 3 },
    { in: '0.000002', other: '0.03', total: '0.030002' },
  )
  check('hear-1', { durationSeconds: 12.5 }, { other: '0.00125', total: '0.00125' })
  check('hear-1', { durationSeconds: 4 }, { other: '0.001', total: '0.001' })
  check(
    'search-1',
    { inputTokens: 1, outputTokens: 1 },
    { in: '0.000001', out: '0.000001', other: '0.012', total: '0.012002' },
  )
  assert.deepEqual(book().priceCall(call('search-1', { inputTokens: 1 })).units, { request: 1 })
  check(
    'helper-1',
    { inputTokens: 1, webSearchRequests: 1 },
    { in: '0.00001', total: '0.00001', marks: ['unpriced_web_search', 'unpriced'], unpriced: true },
  )
  check('helper-1', { inputTokens: 1, webFetchRequests: 1 }, { in: '0.00001', total: '0.00001' })
})

test('the whole request moves to the next context tier above its threshold, each rate by its own', () => {
  check('long-1', { inputTokens: 1000, outputTokens: 10 }, { in: '0.001', out: '0.00003', total: '0.00103' })
  check('long-1', { inputTokens: 1001, outputTokens: 10 }, { in: '0.002002', out: '0.00003', total: '0.002032' })
  check('long-1', { inputTokens: 5001, outputTokens: 10 }, { in: '0.010002', out: '0.00004', total: '0.010042' })
  const version = (inputTokens: number) => book().priceCall(call('long-1', { inputTokens })).cost.priceVersion
  assert.equal(version(1000), 'sample@1 acme/long-1 from=always tier=standard')
  assert.equal(version(1001), 'sample@1 acme/long-1 from=always tier=standard context>1000')
})

test('the tier of the answer sets the price; one that is not known is booked as standard and marked', () => {
  const usage = { inputTokens: 1000, outputTokens: 0, webSearchRequests: 1 }
  check('chat-1', { ...usage, serviceTier: 'batch' }, { in: '0.001', other: '0.01', total: '0.011' })
  check('chat-1', usage, { in: '0.001', other: '0.01', total: '0.011' }, { serviceTier: 'flex' })
  check(
    'chat-1',
    { ...usage, serviceTier: 'priority' },
    { in: '0.002', other: '0.01', total: '0.012', marks: ['tier_not_priced'] },
  )
  check('chat-1', { ...usage, inferenceGeo: 'us' }, { in: '0.0022', other: '0.01', total: '0.0122' })
  check(
    'chat-1',
    { ...usage, inferenceGeo: 'constructor' },
    { in: '0.002', other: '0.01', total: '0.012', marks: ['geo_not_priced'] },
  )
  check('chat-1', { ...usage, inferenceGeo: 'global' }, { in: '0.002', other: '0.01', total: '0.012' })
})

test('every pass is priced by its own model and the totals are their sums', () => {
  const priced = book().priceCall(
    call('chat-1', {
      inputTokens: 300,
      outputTokens: 30,
      iterations: [
        { inputTokens: 100, outputTokens: 10, model: 'chat-1' },
        { inputTokens: 200, outputTokens: 20, model: 'helper-1' },
      ],
    }),
  )
  assert.deepEqual(shown(priced), { in: '0.0022', out: '0.00108', total: '0.00328' })
  assert.equal(priced.tokens.input, 300)
  assert.equal(
    priced.cost.priceVersion,
    'sample@1 acme/chat-1 from=always tier=standard; sample@1 acme/helper-1 from=always tier=standard',
  )
  check('chat-1', { iterations: [{ inputTokens: 1, model: 'no-such-model' }] }, { marks: ['unpriced'], unpriced: true })
})

test('what was reasoned in passes, counted once for all of them, is on the record', () => {
  const iterations = [
    { type: 'message', inputTokens: 100, outputTokens: 10, model: 'chat-1' },
    { type: 'advisor_message', inputTokens: 200, outputTokens: 20, model: 'helper-1' },
  ]
  const usage = { inputTokens: 300, outputTokens: 30, iterations }
  const plain = book().priceCall(call('chat-1', usage))
  const reasoned = book().priceCall(call('chat-1', { ...usage, reasoningTokens: 4 }))
  assert.deepEqual(reasoned.tokens, { ...plain.tokens, reasoning: 4 })
  assert.deepEqual(reasoned.marks, [])
})

test('pictures that a tool made are priced by the picture model', () => {
  check(
    'chat-1',
    {
      inputTokens: 100,
      outputTokens: 0,
      imageGeneration: { model: 'media-1', inputTokens: 0, outputTokens: 10, imageOutputTokens: 10 },
    },
    { in: '0.0002', out: '0.0003', total: '0.0005' },
  )
  check(
    'chat-1',
    { inputTokens: 100, imageGeneration: { outputTokens: 10 } },
    { in: '0.0002', total: '0.0002', marks: ['unpriced'], unpriced: true },
  )
})

test('a served name without a price is priced as the one that was asked for, and marked', () => {
  check(
    'chat-1-2031-01-01',
    { inputTokens: 1000 },
    { in: '0.002', total: '0.002', marks: ['priced_as_routed'] },
    { modelRouted: 'chat-1' },
  )
})

test('billed units are what is priced and counted tokens are what is shown', () => {
  const priced = book().priceCall(
    call('chat-1', { inputTokens: 624, outputTokens: 54, billedInputTokens: 100, billedOutputTokens: 50 }),
  )
  assert.deepEqual(shown(priced), { in: '0.0002', out: '0.0004', total: '0.0006' })
  assert.equal(priced.tokens.input, 624)
})
