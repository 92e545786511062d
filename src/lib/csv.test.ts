import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CsvCell, csvLine } from './csv.ts'

const lines: readonly [cells: CsvCell[], line: string][] = [
  [['a', 1, true, null, undefined], 'a,1,true,,\r\n'],
  [['a,b', 'say "hi"', 'two\nlines'], '"a,b","say ""hi""","two\nlines"\r\n'],
  [['=1+1', '+49', '-x', '@SUM(A1)', '\tx'], "'=1+1,'+49,'-x,'@SUM(A1),'\tx\r\n"],
  [['＝1+1', '＠SUM(A1)', '\n=1'], "'＝1+1,'＠SUM(A1),\"'\n=1\"\r\n"],
  [['-0.000000000001', '-5', -5], '-0.000000000001,-5,-5\r\n'],
]

for (const [cells, line] of lines) {
  test(`${JSON.stringify(cells)} is written as ${JSON.stringify(line)}`, () => {
    assert.equal(csvLine(cells), line)
  })
}

test('no text cell begins as a formula, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const cell = csvLine([text]).slice(0, -2)
      const shown = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell
      assert.ok(!/^[=+\-@\t\r\n＝＋－＠]/.test(shown) || /^-?\d+(\.\d+)?$/.test(shown))
      assert.ok(shown === text || shown === `'${text}`)
    }),
  )
})
