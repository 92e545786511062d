import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultLine } from './faults.ts'
import { readYaml } from './yaml.ts'

function read(text: string) {
  const { tree, faults } = readYaml(text, {})
  return { tree: JSON.parse(JSON.stringify(tree)) as unknown, faults: faults.map(faultLine) }
}

test('an alias is what it stands for, as often as it stands there', () => {
  const { tree, faults } = read('a: &a [1, {b: 2}]\nc: [*a, *a]\n')
  assert.deepEqual(
    [tree, faults],
    [
      {
        a: ['1', { b: '2' }],
        c: [
          ['1', { b: '2' }],
          ['1', { b: '2' }],
        ],
      },
      [],
    ],
  )
})

test('an alias of what it stands in is a fault, not a file without an end', () => {
  const expected = 'is an alias of what it stands in; expected an alias of something else, or the value itself'
  assert.deepEqual(read('a: &a [*a]\n').faults, [`a[0] (line 1): ${expected}`])
  assert.deepEqual(read('a: 1\nb: &b\n  c: {d: [2, *b]}\n').faults, [`b.c.d[1] (line 3): ${expected}`])
})

test('a second document is a fault, not a half of the file that nobody reads', () => {
  assert.match(read('a: 1\n---\nb: 2\n').faults.join(), /^\(file\) \(line 2\): is not valid YAML \(multiple docs\)/)
  assert.deepEqual(read('---\na: 1\n...\n'), { tree: { a: '1' }, faults: [] })
})
