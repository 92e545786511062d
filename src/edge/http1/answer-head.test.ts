import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnswerHead, MalformedAnswer, parseAnswerHead } from './answer-head.ts'

function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\r\n`).join('')
}

const usual: AnswerHead = { status: 200, headers: {}, body: 'until_close', keepAlive: false, keepAliveMs: null }

function check(head: readonly string[], expected: Partial<AnswerHead>, method = 'POST'): void {
  const read = parseAnswerHead(lines(...head), method)
  const headers = expected.headers ?? read.headers
  assert.deepEqual(read, { ...usual, ...expected, headers })
}

test('names are lower case, values without the white space around them', () => {
  const headers = { 'content-type': 'a b', 'x-empty': '', 'x-obs': '\xa0é\xa0' }
  check(['HTTP/1.1 200 OK', 'Content-TYPE: \t a b \t', 'X-Empty:', 'X-Obs: \xa0é\xa0'], { headers })
})

test('what comes more than once is a list, in order', () => {
  const head = ['HTTP/1.1 200 OK', 'Set-Cookie: a', 'x: 1', 'set-cookie: b', 'SET-COOKIE: c']
  check(head, { headers: { 'set-cookie': ['a', 'b', 'c'], x: '1' } })
})

test('names that every object has are headers like others', () => {
  const { headers } = parseAnswerHead(
    lines('HTTP/1.1 200 OK', '__proto__: a', 'constructor: b', '__proto__: c', 'toString: d'),
    'GET',
  )
  const own = Object.fromEntries(Object.entries(headers))
  assert.deepEqual(Object.keys(headers), ['__proto__', 'constructor', 'tostring'])
  assert.deepEqual(Object.getOwnPropertyDescriptor(headers, '__proto__')?.value, ['a', 'c'])
  assert.equal(own['constructor'], 'b')
  assert.equal(Object.getPrototypeOf(headers), Object.prototype)
})

test('a status needs no reason', () => {
  check(['HTTP/1.1 200'], { status: 200 })
  check(['HTTP/1.1 200 '], { status: 200 })
  check(['HTTP/1.1 599 Any thing: \xe4'], { status: 599 })
})

test('the length of a body is said in one way only', () => {
  check(['HTTP/1.1 200 OK', 'content-length: 12'], { body: 12, keepAlive: true })
  check(['HTTP/1.1 200 OK', 'content-length: 0'], { body: 0, keepAlive: true })
  check(['HTTP/1.1 200 OK', 'transfer-encoding: Chunked'], { body: 'chunked', keepAlive: true })
  check(['HTTP/1.1 200 OK', 'transfer-encoding: identity'], { body: 'until_close' })
  check(['HTTP/1.1 200 OK'], { body: 'until_close' })
})

test('some answers have no body whatever they say', () => {
  check(['HTTP/1.1 204 No Content'], { status: 204, body: 0, keepAlive: true })
  check(['HTTP/1.1 304 Not Modified', 'content-length: 0'], { status: 304, body: 0, keepAlive: true })
  check(['HTTP/1.1 204 No Content', 'content-length: 3'], { status: 204, body: 0, keepAlive: false })
  check(['HTTP/1.1 304 Not Modified', 'transfer-encoding: chunked'], { status: 304, body: 0, keepAlive: false })
  check(['HTTP/1.1 200 OK', 'content-length: 3'], { body: 0, keepAlive: false }, 'HEAD')
  check(['HTTP/1.1 103 Early Hints', 'link: </a>'], { status: 103, body: 0, keepAlive: true })
})

test('a connection is kept unless either side ends it', () => {
  const length = 'content-length: 0'
  check(['HTTP/1.1 200 OK', length, 'connection: keep-alive'], { body: 0, keepAlive: true })
  check(['HTTP/1.1 200 OK', length, 'connection: Close'], { body: 0, keepAlive: false })
  check(['HTTP/1.1 200 OK', length, 'connection: x, close , y'], { body: 0, keepAlive: false })
  check(['HTTP/1.1 200 OK', length, 'connection: x', 'connection: close'], { body: 0, keepAlive: false })
  check(['HTTP/1.1 200 OK', length, 'connection: closed'], { body: 0, keepAlive: true })
  check(['HTTP/1.0 200 OK', length, 'connection: keep-alive'], { body: 0, keepAlive: false })
})

test('a server says how long it keeps a connection', () => {
  const head = ['HTTP/1.1 200 OK', 'content-length: 0']
  check([...head, 'keep-alive: timeout=5, max=100'], { body: 0, keepAlive: true, keepAliveMs: 5_000 })
  check([...head, 'keep-alive: max=100,\tTimeout=72'], { body: 0, keepAlive: true, keepAliveMs: 72_000 })
  check([...head, 'keep-alive: timeout=never'], { body: 0, keepAlive: true })
})

const refused: readonly (readonly [name: string, head: readonly string[]])[] = [
  ['another protocol', ['SSH-2.0-OpenSSH_9.2']],
  ['another version', ['HTTP/2.0 200 OK']],
  ['a version in lower case', ['http/1.1 200 OK']],
  ['a status that is no number', ['HTTP/1.1 2x0 OK']],
  ['a status of four digits', ['HTTP/1.1 2000 OK']],
  ['a status of two digits', ['HTTP/1.1 20 OK']],
  ['a status below 100', ['HTTP/1.1 099 OK']],
  ['two spaces before the status', ['HTTP/1.1  200 OK']],
  ['a switch of protocols', ['HTTP/1.1 101 Switching Protocols', 'upgrade: h2c', 'connection: upgrade']],
  ['word in HTTP/1.0 that it is to come', ['HTTP/1.0 102 Processing']],
  ['a line without a colon', ['HTTP/1.1 200 OK', 'content-type']],
  ['a line without a name', ['HTTP/1.1 200 OK', ': a']],
  ['a space before the colon', ['HTTP/1.1 200 OK', 'content-length : 3']],
  ['a space before a name', ['HTTP/1.1 200 OK', ' x: a']],
  ['a folded line', ['HTTP/1.1 200 OK', 'x: a', '\tb: c']],
  ['a zero byte', ['HTTP/1.1 200 OK', 'x: \0']],
  ['a zero byte in the reason', ['HTTP/1.1 200 \0']],
  ['a delete character', ['HTTP/1.1 200 OK', 'x: \x7f']],
  ['a bare carriage return', ['HTTP/1.1 200 OK', 'x: a\rb: c']],
  ['a bare line feed', ['HTTP/1.1 200 OK', 'x: a\nb: c']],
  ['a bare line feed behind the status', ['HTTP/1.1 200 OK\nx: a']],
  ['a name with a separator', ['HTTP/1.1 200 OK', 'x(y): a']],
  ['two lengths', ['HTTP/1.1 200 OK', 'content-length: 3', 'content-length: 4']],
  ['the same length twice', ['HTTP/1.1 200 OK', 'content-length: 3', 'content-length: 3']],
  ['a list of lengths', ['HTTP/1.1 200 OK', 'content-length: 3, 3']],
  ['a negative length', ['HTTP/1.1 200 OK', 'content-length: -3']],
  ['a length with a sign', ['HTTP/1.1 200 OK', 'content-length: +3']],
  ['a length in hexadecimal', ['HTTP/1.1 200 OK', 'content-length: 0x3']],
  ['an empty length', ['HTTP/1.1 200 OK', 'content-length:']],
  ['a huge length', ['HTTP/1.1 200 OK', 'content-length: 99999999999999999999']],
  ['a length that no number can be', ['HTTP/1.1 200 OK', 'content-length: 9007199254740993']],
  ['a length and chunks', ['HTTP/1.1 200 OK', 'content-length: 3', 'transfer-encoding: chunked']],
  ['a length and chunks without a body', ['HTTP/1.1 204 No', 'content-length: 3', 'transfer-encoding: chunked']],
  ['an unknown coding', ['HTTP/1.1 200 OK', 'transfer-encoding: gzip, chunked']],
  ['chunks that are not the last coding', ['HTTP/1.1 200 OK', 'transfer-encoding: chunked, gzip']],
  ['chunks twice', ['HTTP/1.1 200 OK', 'transfer-encoding: chunked', 'transfer-encoding: chunked']],
  ['a misspelled coding', ['HTTP/1.1 200 OK', 'transfer-encoding: xchunked']],
]
for (const [name, head] of refused) {
  test(`an answer with ${name} is refused`, () => {
    assert.throws(() => parseAnswerHead(lines(...head), 'POST'), MalformedAnswer)
  })
}
