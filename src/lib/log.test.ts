import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLog, prettyLine, toDescriptor } from './log.ts'

function logged(format: 'json' | 'pretty', write: (log: ReturnType<typeof createLog>) => void): string {
  let text = ''
  const keep = (line: string) => {
    text += line
  }
  write(createLog({ level: 'info', format, name: 'gateway' }, { write: keep }))
  return text
}

test('credentials never reach a log, however deep and whatever the header is called', () => {
  const secret = 'sk-very-secret'
  for (const format of ['json', 'pretty'] as const) {
    const text = logged(format, (log) => {
      log.info({ authorization: secret, apiKey: secret, key: secret, token: secret }, 'flat')
      log.info(
        { headers: { authorization: secret, 'x-api-key': secret, 'x-goog-api-key': secret, cookie: secret } },
        'deep',
      )
      log.info({ request: { headers: { authorization: secret, 'proxy-authorization': secret } } }, 'deeper')
      log.info({ body: { messages: [{ content: secret }], prompt: secret } }, 'words')
    })
    assert.ok(!text.includes(secret), text)
    assert.equal(text.trim().split('\n').length, 4)
  }
})

test('a line for people has time, level, role, message and fields', () => {
  const line = prettyLine(
    '{"level":"warn","time":"2026-01-02T03:04:05.678Z","role":"gateway","upstream":"openai","why":"not there","msg":"retrying"}',
  )
  assert.equal(line, '03:04:05.678 WARN  gateway   retrying  upstream=openai  why="not there"\n')
})

test('an error is shown with its stack', () => {
  assert.match(
    logged('pretty', (log) => log.error({ err: new Error('boom') }, 'failed')),
    /boom[\s\S]*at /,
  )
})

test('a text without end is cut, and no credential with it', () => {
  const secret = `sk-${'very-secret-'.repeat(8)}`
  for (const at of [10, 9_950, 9_990, 9_999, 10_050]) {
    const text = `${'a '.repeat(at / 2)}${secret} ${'b'.repeat(1_000_000)}`
    const line = logged('json', (log) => log.error({ err: new Error(text), deep: [{ text }] }, 'failed'))
    assert.ok(line.length < 45_000, `${line.length}`)
    assert.ok(!line.includes('very'), line.slice(at, at + 200))
  }
})

const secretName = fc.constantFrom(
  ...['authorization', 'Authorization', 'X-Api-Key', 'x-goog-api-key', 'api_key', 'apiKey', 'cookie', 'Set-Cookie'],
  ...['key', 'routing_key', 'secret', 'password', 'token', 'access_token', 'messages'],
)

/** Something that is logged, with the value somewhere in it under the name. */
function holders(name: string, value: unknown): fc.Arbitrary<object> {
  const innermost: fc.Arbitrary<object> = fc.constantFrom(
    { [name]: value },
    { headers: ['accept', 'a', name, value] },
    {
      headers: [
        ['accept', 'a'],
        [name, value],
      ],
    },
    { [name]: [value, value] },
    Object.assign(new Error('refused'), { [name]: value }),
    new Error('outer', { cause: Object.assign(new Error('inner'), { request: { headers: { [name]: value } } }) }),
  )
  const { holder } = fc.letrec<{ holder: object }>((tie) => ({
    holder: fc.oneof(
      { maxDepth: 5 },
      innermost,
      tie('holder').map((inside) => ({ err: inside })),
      tie('holder').map((inside) => ({ options: { list: [1, inside] } })),
      tie('holder').map((inside) => Object.assign(new Error('failed'), { details: inside })),
    ),
  }))
  return holder
}

test('what has the name of a secret is replaced at any depth, in objects, lists of headers and errors', () => {
  const secret = 'not-to-be-seen'
  const cases = secretName.chain((name) => holders(name, secret))
  fc.assert(
    fc.property(cases, fc.constantFrom('json' as const, 'pretty' as const), (fields, format) => {
      const text = logged(format, (log) => log.error({ err: fields, fields }, 'failed'))
      assert.ok(!text.includes(secret), text)
      assert.match(text, /failed/)
    }),
  )
})

test('credentials in messages, addresses and stacks are replaced, and the rest of the line is left', () => {
  const secrets: readonly (readonly [text: string, secret: string, left: string])[] = [
    ['sent authorization: Bearer abc.def-123456', 'abc.def-123456', 'Bearer [redacted]'],
    ['GET https://host/v1beta/models?key=AKEY0815&alt=sse failed', 'AKEY0815', '?key=[redacted]&alt=sse failed'],
    ['https://host/x?api_key=s3cr3t-value', 's3cr3t-value', '?api_key=[redacted]'],
    [
      'http://tollgate:pa%23ss@clickhouse:8123/tollgate refused',
      'pa%23ss',
      'http://[redacted]@clickhouse:8123/tollgate',
    ],
    ['https://hooks.slack.com/services/T0/B0/XYZ answered 404', 'T0/B0/XYZ', 'hooks.slack.com/[redacted] answered 404'],
    ['key sk-proj-0123456789abcdefghij is wrong', 'sk-proj-0123456789abcdefghij', 'key [redacted] is wrong'],
    ['the key tg-rzkzLZq5pHc1ZLOoD2QKfR8uNM27A4ln', 'rzkzLZq5', '[redacted]'],
    ['token eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl', 'eyJzdWIiOiIx', 'token [redacted]'],
  ]
  for (const [said, secret, left] of secrets) {
    for (const format of ['json', 'pretty'] as const) {
      const text = logged(format, (log) => {
        log.error(said)
        log.error({ url: said, err: new Error(said, { cause: new Error(said) }) }, 'failed')
      })
      assert.ok(!text.includes(secret), text)
      assert.ok(text.includes(left), text)
    }
  }
})

test('what is no secret is logged as it is', () => {
  const fields = {
    count: 3,
    upstream: 'openai',
    url: 'http://127.0.0.1:4000/v1?limit=3',
    keyName: 'search-team',
    tokens: 7,
    none: null,
  }
  const {
    level: _level,
    time: _time,
    role: _role,
    msg,
    ...left
  } = JSON.parse(logged('json', (log) => log.info(fields, 'the tokens of task-0815 are 7')))
  assert.deepEqual(left, fields)
  assert.equal(msg, 'the tokens of task-0815 are 7')
})

test('an error is logged with type, message, stack and code; what leads back to itself ends', () => {
  const error = Object.assign(new TypeError('boom'), { code: 'E_BOOM', self: {} })
  error.self = { error }
  const { err } = JSON.parse(logged('json', (log) => log.error({ err: error }, 'failed')))
  assert.deepEqual([err.type, err.message, err.code, err.self.error], ['TypeError', 'boom', 'E_BOOM', '[circular]'])
  assert.match(err.stack, /^TypeError: boom\n {4}at /)
})

for (const [much, lines] of [
  ['little', 10],
  ['more than may wait', 2_000],
] as const) {
  test(`where ${much} was logged to a full disk, it is written once there is room again`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'log')
    const fd = openSync('/dev/full', 'w')
    const log = toDescriptor(fd)
    const line = (index: number) => `${String(index).padStart(999)}\n`
    for (let index = 0; index < lines; index++) log.write(line(index))
    closeSync(fd)
    // The system gives the lowest number that is free.
    assert.equal(openSync(path, 'a'), fd)
    log.write(line(lines))
    closeSync(fd)
    const written = readFileSync(path, 'utf8')
    const waited = Math.min(lines, Math.floor((1024 * 1024) / 1000))
    assert.equal(written, [...Array(waited).keys(), lines].map(line).join(''))
  })
}
