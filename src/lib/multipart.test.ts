import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boundaryOf, multipartParts } from './multipart.ts'

const crlf = (lines: readonly string[]): Buffer => Buffer.from(lines.join('\r\n'))

test('the boundary is read with and without quotes', () => {
  assert.equal(boundaryOf('multipart/form-data; boundary=abc'), 'abc')
  assert.equal(boundaryOf('Multipart/Form-Data; charset=utf-8; Boundary="a b:c"'), 'a b:c')
  assert.equal(boundaryOf('multipart/form-data'), null)
  assert.equal(boundaryOf('application/json; boundary=abc'), null)
})

test('a form as browsers and SDKs send it is read by any of them', async () => {
  const file = fc.uint8Array({ maxLength: 200 })
  await fc.assert(
    fc.asyncProperty(fc.string(), file, fc.stringMatching(/^[\w .-]{1,20}$/), async (text, bytes, filename) => {
      const form = new FormData()
      form.set('model', 'whisper-1')
      form.set('prompt', text)
      form.set('file', new File([bytes], filename))
      const response = new Response(form)
      const body = Buffer.from(await response.arrayBuffer())
      const boundary = boundaryOf(response.headers.get('content-type') ?? '') ?? assert.fail()
      const parts = multipartParts(body, boundary) ?? assert.fail(body.toString())
      assert.deepEqual(
        parts.map(({ name, filename: shown }) => [name, shown]),
        [
          ['model', null],
          ['prompt', null],
          ['file', filename],
        ],
      )
      assert.equal(body.toString('utf8', parts[0]?.valueStart, parts[0]?.valueEnd), 'whisper-1')
      assert.deepEqual(new Uint8Array(body.subarray(parts[2]?.valueStart, parts[2]?.valueEnd)), bytes)
    }),
    { numRuns: 50 },
  )
})

test('a preamble, an epilogue, an empty value and padding after the boundary are allowed', () => {
  const body = crlf(['hello', '--b  ', 'Content-Disposition: form-data; name="a"', '', '', '--b--', 'bye'])
  const parts = multipartParts(body, 'b') ?? assert.fail()
  assert.deepEqual(
    parts.map(({ name, valueStart, valueEnd }) => [name, valueEnd - valueStart]),
    [['a', 0]],
  )
})

test('names may be bare or hold escaped quotes', () => {
  const body = crlf([
    '--b',
    'content-disposition:form-data;name=model',
    '',
    'm',
    '--b',
    'Content-Disposition: form-data; name="a\\"b"; filename="x"',
    '',
    'v',
    '--b--',
    '',
  ])
  assert.deepEqual(
    multipartParts(body, 'b')?.map(({ name, filename }) => [name, filename]),
    [
      ['model', null],
      ['a"b', 'x'],
    ],
  )
})

test('what is cut off or has nameless parts is no form', () => {
  const whole = crlf(['--b', 'Content-Disposition: form-data; name="a"', '', 'value', '--b--', ''])
  for (let end = 0; end < whole.length - 3; end += 1)
    assert.equal(multipartParts(whole.subarray(0, end), 'b'), null, `${end}`)
  assert.equal(multipartParts(crlf(['--b', 'Content-Type: text/plain', '', 'value', '--b--', '']), 'b'), null)
  assert.equal(multipartParts(Buffer.from('{"model":"m"}'), 'b'), null)
})

test('any bytes get an answer whose spans lie within them', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[-b\r\n:;="a]{0,60}$/), (text) => {
      const body = Buffer.from(`--b\r\nContent-Disposition: form-data; name="a"\r\n${text}\r\n--b--`)
      for (const { valueStart, valueEnd } of multipartParts(body, 'b') ?? []) {
        assert.ok(valueStart <= valueEnd && valueEnd <= body.length)
      }
    }),
  )
})
