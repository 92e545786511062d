import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AskedForm, asksForEvents, faultOfForm, googleQuery } from './system-parameters.ts'

const hiding = [
  '?fields=candidates',
  '?%24fields=candidates',
  '?$fields=candidates',
  '?f%69elds=candidates',
  '?Fields=candidates',
  '?alt=sse&fields=candidates',
  '?fields',
  '?callback=x',
  '?$callback=x',
  '?alt=proto',
  '?%24alt=proto',
  '?alt=media',
  '?alt=SSE',
  '?alt=sse;fields=candidates',
  '?$ct=application/x-protobuf',
  '?$httpMethod=DELETE',
  '?$.xgafv=1',
  '?$apiVersion=v2',
]

function fault(asked: Partial<AskedForm>, toGoogle: boolean): string | null {
  return faultOfForm({ query: '', headers: {}, ...asked }, toGoogle)?.message ?? null
}

test('what could keep the report of usage out of an answer is refused, in whatever spelling', () => {
  for (const query of hiding) {
    for (const toGoogle of [true, false]) assert.match(fault({ query }, toGoogle) ?? '', /send the request without it$/)
    assert.doesNotMatch(googleQuery(query), /fields|callback|proto|media|ct=|Method|xgafv|Version/)
  }
})

test('headers that do the same are refused, wherever the call goes', () => {
  const headers = [
    ['x-goog-fieldmask', 'candidates'],
    ['x-goog-api-version', '2'],
    ['x-goog-encode-response-if-executable', 'base64'],
    ['x-http-method-override', 'DELETE'],
    ['x-http-method', 'DELETE'],
    ['x-method-override', 'DELETE'],
    ['accept', 'application/x-protobuf'],
  ]
  for (const [name = '', value = ''] of headers) {
    for (const toGoogle of [true, false]) assert.ok(fault({ headers: { [name]: value } }, toGoogle), name)
  }
  for (const accept of ['*/*', 'application/json', 'text/event-stream'])
    assert.equal(fault({ headers: { accept } }, true), null)
})

test('what the SDKs and lists need goes to Google, in one spelling', () => {
  const passed: Record<string, string> = {
    '': '',
    '?': '',
    '?key=tg-1': '',
    '?alt=sse': '?alt=sse',
    '?%61lt=sse': '?alt=sse',
    '?$alt=sse&key=tg-1': '?alt=sse',
    '?alt=json&prettyPrint=false': '?alt=json&prettyPrint=false',
    // The REST transport of Google's generated clients: it takes names of enums as well as numbers.
    '?%24alt=json%3Benum-encoding%3Dint': '',
    '?pageSize=5&pageToken=a%2Bb%3D%26fields%3Dx': '?pageSize=5&pageToken=a%2Bb%3D%26fields%3Dx',
    '?quotaUser=u1': '?quotaUser=u1',
  }
  for (const [query, sent] of Object.entries(passed)) {
    assert.equal(fault({ query }, true), null, query)
    assert.equal(googleQuery(query), sent, query)
  }
})

test('what nobody here knows is not passed on to Google, nor is anything twice', () => {
  assert.match(fault({ query: '?mask=x' }, true) ?? '', /"mask" is not passed on to Google; these are: alt, /)
  assert.match(fault({ query: '?%zz=1' }, true) ?? '', /is not passed on/)
  for (const query of ['?alt=sse&alt=json', '?alt=sse&$alt=sse', '?pageSize=1&pageSize=2']) {
    assert.match(fault({ query }, true) ?? '', /more than once/)
  }
})

test('parameters of others go to others', () => {
  for (const query of [
    '?beta=true',
    '?limit=2&after=x&include[]=a',
    '?stream=true&starting_after=4',
    '?api-version=1',
    '?alt=sse',
  ]) {
    assert.equal(fault({ query }, false), null, query)
  }
})

test('nothing but what is known goes to Google, however it is written', () => {
  const names = ['alt', '$alt', 'fields', '%24fields', 'callback', 'pageSize', 'key', 'x', 'prettyPrint', 'ALT']
  const pair = fc.tuple(
    fc.oneof(fc.constantFrom(...names), fc.string()),
    fc.oneof(fc.constantFrom('sse', 'proto'), fc.string()),
  )
  fc.assert(
    fc.property(fc.array(pair), (pairs) => {
      const sent = googleQuery(`?${pairs.map((each) => each.join('=')).join('&')}`)
      const read = [...new URLSearchParams(sent)]
      for (const [name, value] of read) {
        assert.match(name, /^(?:alt|prettyPrint|quotaUser|page_?[sS]ize|page_?[tT]oken|filter)$/)
        if (name === 'alt') assert.match(value, /^(?:json|sse)$/)
      }
      assert.equal(new Set(read.map(([name]) => name)).size, read.length)
      assert.match(sent, /^(?:\?[^;$]+)?$/)
    }),
  )
})

test('events are asked for as Google will read it', () => {
  for (const query of ['?alt=sse', '?key=k&alt=sse', '?%24alt=sse']) assert.equal(asksForEvents(query), true, query)
  for (const query of ['', '?alt=json', '?pageToken=%26alt%3Dsse', '?x=alt=sse'])
    assert.equal(asksForEvents(query), false, query)
})
