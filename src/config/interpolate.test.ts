import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interpolate } from './interpolate.ts'

const env = { NAME: 'value', EMPTY: '', NESTED: '${NAME}' }

function check(source: string, expected: string): void {
  const { text, faults } = interpolate(source, env)
  assert.deepEqual(faults, [], source)
  assert.equal(text, expected)
}

test('variables are filled in, with defaults as in a shell', () => {
  check('plain $ text {}', 'plain $ text {}')
  check('${NAME}', 'value')
  check('a ${NAME} b ${NAME}', 'a value b value')
  check('${MISSING:-other}', 'other')
  check('${EMPTY:-other}', 'other')
  check('${NAME:-other}', 'value')
  check('${MISSING:-}', '')
  check('${EMPTY}', '')
  check('${MISSING:-http://x:1/y}', 'http://x:1/y')
})

test('$${ is a plain ${', () => {
  check('$${NAME}', '${NAME}')
  check('$${', '${')
})

test('what a variable contains is not looked into again', () => check('${NESTED}', '${NAME}'))

test('what is not a reference, or not set, is a fault that says what to write', () => {
  for (const source of ['${', '${}', '${1A}', '${NAME-x}', '${NA ME}', 'a ${NAME']) {
    assert.equal(interpolate(source, env).faults.length, 1, source)
  }
  assert.match(interpolate('${MISSING}', env).faults[0] ?? '', /MISSING is not set/)
  assert.equal(interpolate('${MISSING} ${ALSO}', env).faults.length, 2)
})
