import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DirectiveFault,
  type Directives,
  directivesIn,
  isFailing,
  parseDirectives,
  withoutFailures,
} from './directives.ts'

const cases: readonly (readonly [string, Directives])[] = [
  ['status=429 retry-after=1 times=2', { status: 429, retryAfter: '1', times: 2 }],
  ['reset=before-headers; key=a', { resetAfter: -1, key: 'a' }],
  ['reset,stall=3', { resetAfter: 0, stallAfter: 3 }],
  ['text=two+words no-usage', { text: 'two words', noUsage: true }],
  ['', {}],
]

for (const [source, expected] of cases) {
  test(`"${source}" is understood`, () => assert.deepEqual(parseDirectives(source), expected))
}

for (const source of ['nonsense', 'status', 'status=soon', 'constructor=1']) {
  test(`"${source}" is refused`, () => assert.throws(() => parseDirectives(source), DirectiveFault))
}

test('the last place in a conversation counts', () => {
  assert.deepEqual(directivesIn('a [[simulate: status=500]] b [[simulate: tokens=3]] c'), { tokens: 3 })
})

test('without its failures a request keeps what it wants generated', () => {
  const asked = parseDirectives('status=500 tokens=3 half=2')
  assert.equal(isFailing(asked), true)
  assert.deepEqual(withoutFailures(asked), { tokens: 3 })
  assert.equal(isFailing({ tokens: 3 }), false)
})
