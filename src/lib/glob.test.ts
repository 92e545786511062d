import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { globMatcher, isLiteral } from './glob.ts'

function check(glob: string, name: string, expected: boolean): void {
  assert.equal(globMatcher([glob])(name), expected, `${glob} on ${name}`)
}

test('stars, question marks and letters match as names do', () => {
  check('gpt-*', 'gpt-4.1', true)
  check('gpt-*', 'gpt-', true)
  check('gpt-*', 'xgpt-4', false)
  check('GPT-*', 'gpt-4.1', true)
  check('gpt-*', 'GPT-4.1', true)
  check('o3*', 'o3', true)
  check('*', '', true)
  check('*/claude-*', 'anthropic/claude-opus-4-5', true)
  check('gpt-?', 'gpt-4', true)
  check('gpt-?', 'gpt-', false)
  check('gpt-?', 'gpt-41', false)
  check('*mini*', 'gpt-4.1-mini-2025', true)
  check('a*b*c', 'aXbYbZc', true)
  check('a*b*c', 'aXbYbZ', false)
  check('gpt-4.1', 'gpt-4x1', false)
  check('[a]', 'a', false)
})

test('it agrees with a regular expression', () => {
  const glob = fc.stringMatching(/^[ab.*?]{0,8}$/)
  fc.assert(
    fc.property(glob, fc.stringMatching(/^[ab.]{0,10}$/), (pattern, name) => {
      const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
      assert.equal(globMatcher([pattern])(name), new RegExp(`^${source}$`).test(name))
    }),
  )
})

test('a pattern made to be slow is not', () => {
  check('*a'.repeat(50), `${'a'.repeat(20_000)}b`, false)
})

test('no globs match nothing, literals have no wildcards', () => {
  assert.equal(globMatcher([])('a'), false)
  assert.equal(isLiteral('gpt-4.1'), true)
  assert.equal(isLiteral('gpt-*'), false)
})
