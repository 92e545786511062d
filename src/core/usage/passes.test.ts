import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passesOf } from './passes.ts'
import type { ReportedPass } from './reported.ts'

function check(
  reasoningTokens: number,
  passes: readonly ReportedPass[],
  expected: readonly (number | undefined)[],
): void {
  const given = passesOf({ reasoningTokens, iterations: passes })
  assert.deepEqual(
    given.map((pass) => pass.reasoningTokens),
    expected,
  )
  assert.deepEqual(
    given.map(({ reasoningTokens: _, ...rest }) => rest),
    passes.map(({ reasoningTokens: _, ...rest }) => rest),
  )
}

test('what was reasoned beside the passes is of those that made the answer, as far as they have room', () => {
  const advised = [
    { type: 'message', outputTokens: 110 },
    { type: 'advisor_message', model: 'another', outputTokens: 22 },
    { type: 'message', outputTokens: 11 },
  ]
  check(28, advised, [28, undefined, undefined])
  check(115, advised, [110, undefined, 5])
  check(0, advised, [undefined, undefined, undefined])
})

test('what no pass has room for stands with the last, where it is cut and marked', () => {
  const passes = [{ outputTokens: 3 }, { outputTokens: 4 }]
  check(9, passes, [3, 6])
  check(9, [], [])
})

test('what a pass says of itself is not given a second time', () => {
  check(7, [{ outputTokens: 10 }, { outputTokens: 10, reasoningTokens: 7 }], [undefined, 7])
  check(9, [{ outputTokens: 1 }, { outputTokens: 10, reasoningTokens: 7 }], [1, 8])
})
