import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isSampled, readTraceparent, traceparentText } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const sound = `00-${traceId}-${spanId}-01`

describe('traceparent', () => {
  const read: [what: string, value: string, flags: number][] = [
    ['sampled', sound, 1],
    ['not sampled', `00-${traceId}-${spanId}-00`, 0],
    ['flags nobody knows yet', `00-${traceId}-${spanId}-ff`, 255],
    ['a later version', `01-${traceId}-${spanId}-01`, 1],
    ['a later version with more behind a dash', `cc-${traceId}-${spanId}-01-what-the-future-will-be`, 1],
    ['a later version with an empty rest', `fe-${traceId}-${spanId}-01-`, 1],
  ]
  for (const [what, value, flags] of read) {
    test(`is read: ${what}`, () => assert.deepEqual(readTraceparent(value), { traceId, spanId, flags }))
  }

  const refused: [what: string, value: string][] = [
    ['nothing', ''],
    ['version ff', `ff-${traceId}-${spanId}-01`],
    ['a version of one digit', `0-${traceId}-${spanId}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['capitals in the trace id', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['capitals in the span id', `00-${traceId}-${spanId.toUpperCase()}-01`],
    ['capitals in the flags', `00-${traceId}-${spanId}-0A`],
    ['a short trace id', `00-${traceId.slice(1)}-${spanId}-01`],
    ['a long trace id', `00-${traceId}0-${spanId}-01`],
    ['a short span id', `00-${traceId}-${spanId.slice(1)}-01`],
    ['no flags', `00-${traceId}-${spanId}`],
    ['flags of one digit', `00-${traceId}-${spanId}-1`],
    ['version 00 with more behind it', `${sound}-more`],
    ['version 00 with a dash behind it', `${sound}-`],
    ['a later version with more and no dash', `01-${traceId}-${spanId}-01.more`],
    ['two headers joined', `${sound}, ${sound}`],
    ['two headers of a later version joined', `01-${traceId}-${spanId}-01, 01-${traceId}-${spanId}-01`],
    ['a space', ` ${sound}`],
    ['another separator', sound.replaceAll('-', '_')],
    ['letters that are no digits', `00-${traceId.replace('4', 'g')}-${spanId}-01`],
  ]
  for (const [what, value] of refused) {
    test(`is refused: ${what}`, () => assert.equal(readTraceparent(value), null))
  }

  test('is written so that it reads the same, without flags that version 00 does not know', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), (flags) => {
        const text = traceparentText({ traceId, spanId, flags })
        assert.match(text, /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
        assert.deepEqual(readTraceparent(text), { traceId, spanId, flags: flags & 3 })
      }),
    )
  })
})

describe('sampling', () => {
  const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 })

  test('takes all at 1 and none at 0', () => {
    fc.assert(fc.property(hex, (id) => isSampled(id, 1) && !isSampled(id, 0)))
  })

  test('whoever takes more takes all that others take', () => {
    fc.assert(
      fc.property(
        hex,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (id, a, b) => {
          assert.ok(!isSampled(id, Math.min(a, b)) || isSampled(id, Math.max(a, b)))
        },
      ),
    )
  })

  test('takes the share that was asked for', () => {
    // Ids that divide the range evenly: so the share is exact.
    const ids = Array.from({ length: 1000 }, (_, i) =>
      Math.ceil((i / 1000) * 16 ** 13)
        .toString(16)
        .padStart(32, '0'),
    )
    for (const ratio of [0.01, 0.25, 0.5, 0.999]) {
      assert.equal(ids.filter((id) => isSampled(id, ratio)).length, Math.round(ratio * 1000))
    }
  })
})
