import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type BodyStart, bodyStart } from './body-start.ts'

const mark = '\ufeff'
const known: readonly (readonly [body: string, start: BodyStart])[] = [
  ['{"a":1}', 'object'],
  [`${mark} \r\n\t{"a":1}`, 'object'],
  ['[{"a":1}]', 'array'],
  [`${mark}[`, 'array'],
  ['data: {"a":1}\n\n', 'events'],
  ['data:{"a":1}\n\n', 'events'],
  [`${mark}event: ping\n\n`, 'events'],
  [': keep-alive\n\n', 'events'],
  ['\n\nid: 1\n\n', 'events'],
  ['retry: 3000\n\n', 'events'],
  ['<!doctype html>', 'markup'],
  ['database', 'other'],
  ['Hello', 'other'],
  ['ID3\u0004', 'other'],
  ['', 'blank'],
  [mark, 'blank'],
  [' \n', 'blank'],
  ['dat', 'other'],
]

describe('how a body begins says what it is', () => {
  for (const [body, start] of known) {
    test(JSON.stringify(body), () => {
      const bytes = Buffer.from(body)
      assert.equal(bodyStart(bytes, true), start)
      // However it is cut, no part says anything else.
      for (let length = 0; length <= bytes.length; length += 1) {
        const found = bodyStart(bytes.subarray(0, length), false)
        assert.ok(found === null || found === start, `${length} bytes: ${found}`)
      }
    })
  }
})
