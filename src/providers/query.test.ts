import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queryKey, upstreamQuery } from './query.ts'

test('the query loses keys in any spelling and keeps the rest byte for byte', () => {
  const cases: Record<string, string> = {
    '': '',
    '?': '',
    '?key=tg': '',
    '?alt=sse': '?alt=sse',
    '?key=tg&alt=sse': '?alt=sse',
    '?alt=sse&key=tg': '?alt=sse',
    '?%6bey=tg&alt=sse': '?alt=sse',
    '?KEY=tg&a=%20b': '?a=%20b',
    '?access_token=x&beta=true': '?beta=true',
    '?monkey=1&keys=2': '?monkey=1&keys=2',
    '?%zz=1': '?%zz=1',
  }
  for (const [query, expected] of Object.entries(cases)) assert.equal(upstreamQuery(query), expected, query)
})

test('a key in the query is found', () => {
  assert.equal(queryKey('?alt=sse&key=tg-1'), 'tg-1')
  assert.equal(queryKey('?alt=sse'), null)
  assert.equal(queryKey(''), null)
})
