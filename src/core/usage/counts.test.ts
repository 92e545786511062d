import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addToTotals,
  billedCounts,
  type DisjointCounts,
  disjointCounts,
  nothing,
  wholeInput,
  wholeOutput,
} from './counts.ts'
import type { ReportedUsage } from './reported.ts'
import { noTokens } from './totals.ts'
import { reportedUnitsOf } from './units.ts'

function check(usage: ReportedUsage, expected: Partial<DisjointCounts>, expectedMarks: readonly string[] = []): void {
  const marks = new Set<string>()
  assert.deepEqual(disjointCounts(usage, marks), { ...nothing, ...expected })
  assert.deepEqual([...marks], expectedMarks)
}

test('wholes are taken apart into counts that do not overlap', () => {
  check({ inputTokens: 10, outputTokens: 4 }, { textInput: 10, textOutput: 4 })
  check(
    { inputTokens: 1532, cachedInputTokens: 1111, cacheWriteTokens: 418, cacheWrite5mTokens: 418, outputTokens: 33 },
    { textInput: 3, textCached: 1111, cacheWrite5m: 418, textOutput: 33 },
  )
  check({ outputTokens: 10, reasoningTokens: 7 }, { textOutput: 3, reasoning: 7 })
  check(
    { inputTokens: 431, textInputTokens: 43, imageInputTokens: 388, outputTokens: 1364, imageOutputTokens: 1056 },
    { textInput: 43, imageInput: 388, textOutput: 308, imageOutput: 1056 },
  )
})

test('cached tokens of sound, picture and film are known or inferred, never counted twice', () => {
  check(
    {
      inputTokens: 17713,
      cachedInputTokens: 17379,
      videoInputTokens: 15780,
      audioInputTokens: 1917,
      audioCachedTokens: 1881,
      videoCachedTokens: 15483,
    },
    { textInput: 1, audioInput: 36, videoInput: 297, textCached: 15, audioCached: 1881, videoCached: 15483 },
  )
  // All of the prompt is sound and half of it was cached, so sound was cached.
  check({ inputTokens: 100, audioInputTokens: 100, cachedInputTokens: 50 }, { audioInput: 50, audioCached: 50 })
})

test('cache writes without a split last five minutes, and so does what grew after the split', () => {
  check({ inputTokens: 10, cacheWriteTokens: 10 }, { cacheWrite5m: 10 })
  check({ inputTokens: 10, cacheWrite5mTokens: 3, cacheWrite1hTokens: 7 }, { cacheWrite5m: 3, cacheWrite1h: 7 })
  check(
    { inputTokens: 100, cacheWriteTokens: 90, cacheWrite5mTokens: 10, cacheWrite1hTokens: 20 },
    { textInput: 10, cacheWrite5m: 70, cacheWrite1h: 20 },
  )
  check(
    { inputTokens: 10, cacheWriteTokens: 5, cacheWrite5mTokens: 4, cacheWrite1hTokens: 4 },
    { textInput: 5, cacheWrite5m: 1, cacheWrite1h: 4 },
    ['cache_write_split_over_total'],
  )
})

test('contradictory numbers are cut to their whole and marked', () => {
  check({ inputTokens: 7, cachedInputTokens: 163 }, { textCached: 7 }, ['cached_over_input'])
  check({ outputTokens: 10, reasoningTokens: 11 }, { reasoning: 10 }, ['reasoning_over_output'])
  check({ inputTokens: 10, cachedInputTokens: 6, cacheWriteTokens: 6 }, { textCached: 6, cacheWrite5m: 4 }, [
    'cache_write_over_input',
  ])
  check({ inputTokens: 5, imageInputTokens: 9 }, { imageInput: 5 }, ['modality_over_input'])
  check({ outputTokens: 5, audioOutputTokens: 9 }, { audioOutput: 5 }, ['modality_over_output'])
  check({ inputTokens: 9, audioInputTokens: 4, audioCachedTokens: 4 }, { textInput: 5, audioInput: 4 }, [
    'cached_modality_over_cached',
  ])
  check({ inputTokens: -1, outputTokens: 1.5 }, {}, ['count_invalid'])
  check({ inputTokens: 2 ** 60 }, {}, ['count_invalid'])
})

test('a whole that was not reported is the sum of its parts, and marked', () => {
  check({ cachedInputTokens: 3, cacheWriteTokens: 4 }, { textCached: 3, cacheWrite5m: 4 }, ['input_not_reported'])
  check({ reasoningTokens: 3 }, { reasoning: 3 }, ['output_not_reported'])
  check({}, {})
})

test('visible tokens that the last report leaves out are still billed', () => {
  check({ outputTokens: 78, reasoningTokens: 78, outputTokensLeftOut: 21 }, { textOutput: 21, reasoning: 78 }, [
    'output_left_out',
  ])
})

test('billed units stand for the counts where they are reported', () => {
  assert.equal(billedCounts({ inputTokens: 5 }, new Set()), null)
  assert.deepEqual(billedCounts({ inputTokens: 624, billedInputTokens: 121, billedOutputTokens: 51 }, new Set()), {
    ...nothing,
    textInput: 121,
    textOutput: 51,
  })
})

test('units above zero are kept, and what is no amount is marked', () => {
  const marks = new Set<string>()
  const usage = { webSearchRequests: 2, webFetchRequests: 0, durationSeconds: 3.5, searchUnits: -1 }
  assert.deepEqual(reportedUnitsOf(usage, marks), { web_search: 2, audio_second: 3.5 })
  assert.deepEqual([...marks], ['count_invalid'])
})

const count = fc.oneof(fc.nat(50), fc.nat(1_000_000), fc.maxSafeNat())
const usageOf = (count: fc.Arbitrary<number>): fc.Arbitrary<ReportedUsage> =>
  fc.record(
    {
      inputTokens: count,
      cachedInputTokens: count,
      cacheWriteTokens: count,
      cacheWrite5mTokens: count,
      cacheWrite1hTokens: count,
      outputTokens: count,
      reasoningTokens: count,
      audioInputTokens: count,
      imageInputTokens: count,
      videoInputTokens: count,
      audioCachedTokens: count,
      imageCachedTokens: count,
      videoCachedTokens: count,
      audioOutputTokens: count,
      imageOutputTokens: count,
      videoOutputTokens: count,
    },
    { requiredKeys: ['inputTokens', 'outputTokens'] },
  )
const anyUsage = usageOf(count)
/** No reader lets greater counts in. */
const readUsage = usageOf(fc.oneof(fc.nat(50), fc.integer({ min: 0, max: 1e12 })))

test('counts are never negative and always add up to the wholes, however the report contradicts itself', () => {
  fc.assert(
    fc.property(anyUsage, (usage) => {
      const counts = disjointCounts(usage, new Set())
      for (const [kind, value] of Object.entries(counts)) assert.ok(Number.isSafeInteger(value) && value >= 0, kind)
      assert.equal(wholeInput(counts), usage.inputTokens)
      assert.equal(wholeOutput(counts), usage.outputTokens)
    }),
    { numRuns: 1000 },
  )
})

test('totals contain their parts and add up over passes', () => {
  fc.assert(
    fc.property(readUsage, readUsage, (a, b) => {
      const first = addToTotals(noTokens, disjointCounts(a, new Set()))
      const both = addToTotals(first, disjointCounts(b, new Set()))
      assert.equal(both.input, (a.inputTokens ?? 0) + (b.inputTokens ?? 0))
      assert.equal(both.output, (a.outputTokens ?? 0) + (b.outputTokens ?? 0))
      assert.ok(first.cachedInput + first.cacheWrite5m + first.cacheWrite1h <= first.input)
      assert.ok(first.reasoning + first.outputAudio + first.outputImage <= first.output)
    }),
  )
})
