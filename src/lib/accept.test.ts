import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptsCoding, mediaTypeWeights } from './accept.ts'

const open = { name: 'application/openmetrics-text', parameters: { version: '1.0.0' } }
const plain = { name: 'text/plain', parameters: { version: '0.0.4' } }

const cases: readonly [header: string | undefined, weights: readonly [number, number]][] = [
  [undefined, [1, 1]],
  ['', [1, 1]],
  ['*/*', [1, 1]],
  ['text/*;q=0.3', [0, 0.3]],
  ['text/plain;version=0.0.4;q=0.3,text/plain;q=0.9', [0, 0.3]],
  ['application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.9', [0.5, 0]],
  ['application/openmetrics-text; version="1.0.0"; escaping=allow-utf-8; q=0.6, */*;q=0.1', [0.6, 0.1]],
  ['application/openmetrics-text;version=0.0.1;q=0.9', [0, 0]],
  ['application/openmetrics-text;q=0, text/plain', [0, 1]],
  ['APPLICATION/OPENMETRICS-TEXT;Q=0.25', [0.25, 0]],
  ['text/plain;q=7', [0, 0]],
  ['nonsense, ;;, text/plain', [0, 1]],
]

for (const [header, weights] of cases) {
  test(`${header ?? 'no header'} wants ${weights.join(' and ')}`, () => {
    assert.deepEqual(mediaTypeWeights(header, [open, plain]), weights)
  })
}

test('a content coding is taken where the client names it, or all', () => {
  const accepted = ['gzip', 'deflate, gzip;q=0.5', '*', 'br;q=1, *;q=0.1', 'GZIP']
  const refused = ['', undefined, 'identity', 'gzip;q=0', '*;q=1, gzip;q=0', 'gzip;q=bad']
  for (const header of accepted) assert.equal(acceptsCoding(header, 'gzip'), true, header)
  for (const header of refused) assert.equal(acceptsCoding(header, 'gzip'), false, String(header))
})
