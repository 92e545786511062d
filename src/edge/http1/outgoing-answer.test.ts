import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { headText } from './outgoing-answer.ts'

const nowMs = Date.UTC(2026, 10, 22, 11, 30, 5, 999)
const usual = { body: { bytes: 5 }, keepAliveS: 75, nowMs } as const

test('a head', () => {
  assert.equal(
    headText(200, ['content-type', 'text/plain', 'x-a', ''], usual),
    'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-a: \r\ndate: Sun, 22 Nov 2026 11:30:05 GMT\r\n' +
      'connection: keep-alive\r\nkeep-alive: timeout=75\r\ncontent-length: 5\r\n\r\n',
  )
  assert.equal(
    headText(529, [], { body: 'chunked', keepAliveS: null, nowMs: null }),
    'HTTP/1.1 529 Unknown\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n',
  )
  for (const status of [204, 304]) {
    assert.doesNotMatch(headText(status, [], usual), /content-length/, 'has no body, and so no length')
  }
})

test('the date is that of its second', () => {
  const dateAt = (ms: number) => /date: (.*)\r/.exec(headText(200, [], { ...usual, nowMs: ms }))?.[1]
  fc.assert(
    fc.property(fc.nat(4_000_000_000_000), (ms) => {
      assert.equal(dateAt(ms), new Date(ms).toUTCString())
      assert.equal(dateAt(ms), new Date(ms).toUTCString())
    }),
  )
})

const visible = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })

test('only what stays within its line is sent', () => {
  const signs = fc.constantFrom(
    '\r',
    '\n',
    '\r\n',
    '\u0000',
    '\u007f',
    '\u0100',
    '\u4e2d',
    '\r\nx-evil: 1',
    '\r\n\r\nx',
  )
  fc.assert(
    fc.property(visible, signs, visible, (before, sign, after) => {
      assert.match(headText(200, ['x-a', before], usual), /^HTTP\/1\.1 200 OK\r\nx-a: /)
      assert.throws(() => headText(200, ['x-a', before + sign + after], usual), TypeError)
    }),
  )
  for (const name of ['', 'a b', 'a:', 'a\r\nb', '\u00e9'])
    assert.throws(() => headText(200, [name, '1'], usual), TypeError)
})
