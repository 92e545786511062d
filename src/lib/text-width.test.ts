import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { padText, textWidth, textWithin } from './text-width.ts'

const widths: readonly [text: string, columns: number][] = [
  ['engineering', 11],
  ['', 0],
  ['開発部門', 8],
  ['かな カナ', 9],
  ['ｶﾅ', 2],
  ['개발', 4],
  ['「社」', 6],
  ['＝１', 4],
  ['🚀 team', 7],
  ['🇩🇪', 2],
  ['❤️', 2],
  ['e\u0301quipe', 6],
  ['größer…', 7],
  ['قسم', 3],
]
for (const [text, columns] of widths) {
  test(`${text} takes ${columns} columns`, () => {
    assert.equal(textWidth(text), columns)
  })
}

test('a text is padded and cut by columns, and no character in halves', () => {
  assert.equal(padText('開発', 6, 'left'), '開発  ')
  assert.equal(padText('開発', 6, 'right'), '  開発')
  assert.equal(padText('開発', 3, 'right'), '開発')
  assert.equal(textWithin('開発部門', 5), '開発')
  assert.equal(textWithin('a🚀🚀', 4), 'a🚀')
  assert.equal(textWithin('engineering', 3), 'eng')
})

test('what is cut fits, and is a beginning of the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, columns) => {
      const cut = textWithin(text, columns)
      assert.ok(textWidth(cut) <= columns)
      assert.ok(text.startsWith(cut) && cut.isWellFormed())
      assert.ok(cut === text || textWidth(text) > columns)
    }),
  )
})
