import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LabelCaps } from './label-caps.ts'

const limits = (most: number) => ({ provider: most, model: most, department: most, project: most })
const names = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('none', 'other', '', '__proto__', 'constructor'))

test('whatever comes, a label has no more values than its cap, and each overflow is counted', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.tuple(names, fc.constantFrom('a', 'b', 'c')), { maxLength: 80 }),
      fc.array(names, { maxLength: 4 }),
      (most, values, written) => {
        const caps = new LabelCaps(limits(most))
        caps.reserve('model', written)
        const shown = values.map(([value, key]) => ({ value, text: caps.shown('model', value, key) }))
        const texts = new Set(shown.map(({ text }) => text).filter((text) => text !== 'none' && text !== 'other'))
        assert.ok(texts.size <= most)
        const overflown = shown.filter(({ value, text }) => text === 'other' && value !== 'other').length
        assert.equal(caps.overflows.get('model'), overflown)
        // A value that has its seat keeps it.
        for (const { value, text } of shown) if (text !== 'other') assert.equal(caps.shown('model', value, 'z'), text)
        assert.equal(caps.overflows.get('department'), 0)
      },
    ),
  )
})

test('one key alone cannot take all seats, two can', () => {
  const caps = new LabelCaps(limits(10))
  const fill = (key: string) => Array.from({ length: 20 }, (_, i) => caps.shown('project', `${key}${i}`, key))
  assert.equal(fill('noisy').filter((text) => text !== 'other').length, 5)
  assert.equal(caps.shown('project', 'honest', 'quiet'), 'honest')
  assert.equal(fill('quiet').filter((text) => text !== 'other').length, 4)
  assert.equal(caps.shown('project', 'late', 'third'), 'other')
})

test('names that the operator wrote have their seat, whoever comes first', () => {
  const caps = new LabelCaps(limits(4))
  caps.reserve('department', ['engineering', 'sales', '', 'none', 'engineering'])
  for (const key of ['a', 'b', 'c']) for (let i = 0; i < 9; i++) caps.shown('department', `${key}${i}`, key)
  assert.equal(caps.shown('department', 'sales', 'a'), 'sales')
  assert.equal(caps.shown('department', 'engineering', 'x'), 'engineering')
})

test('a changed cap holds for what comes then', () => {
  const caps = new LabelCaps(limits(2))
  assert.deepEqual(
    ['a', 'b', 'c'].map((value) => caps.shown('model', value, value)),
    ['a', 'b', 'other'],
  )
  caps.configure(limits(3))
  assert.equal(caps.shown('model', 'c', 'c'), 'c')
  caps.configure(limits(1))
  assert.equal(caps.shown('model', 'c', 'c'), 'c')
  assert.equal(caps.shown('model', 'd', 'd'), 'other')
  assert.deepEqual(
    [caps.known('model', 'd'), caps.known('model', ''), caps.known('model', 'a')],
    ['other', 'none', 'a'],
  )
})

test('a text that is no Unicode is shown as one that is', () => {
  assert.equal(new LabelCaps(limits(2)).shown('model', 'a\ud800', 'k'), 'a\ufffd')
})

test('of a long value the beginning is shown, and what begins alike has one seat', () => {
  const caps = new LabelCaps(limits(3))
  const long = (end: string) => `${'a'.repeat(199)}${end}`
  assert.equal(caps.shown('model', long('b'), 'k'), long('b'))
  assert.equal(caps.shown('model', long('bc'), 'k'), long('…'))
  assert.equal(caps.shown('model', `${long('d')}${'e'.repeat(1_000_000)}`, 'k'), long('…'))
  assert.equal(caps.known('model', long('fg')), long('…'))
  assert.equal(caps.overflows.get('model'), 0)
  caps.reserve('project', [long('hi')])
  assert.equal(caps.known('project', long('jk')), long('…'))
})
