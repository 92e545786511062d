import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redactText } from '#lib/redact-text.ts'
import { errorText } from './error-text.ts'

const key = `tg-${'k3y'.repeat(10)}`

test('a credential that somebody repeats in an error is in no record', () => {
  assert.equal(errorText(`Incorrect API key provided: ${key}.`), 'Incorrect API key provided: [redacted].')
  assert.equal(errorText(`header "Authorization: Bearer ${key}"`), 'header "Authorization: Bearer [redacted]"')
  assert.equal(errorText(`no such path: /v1/x?key=${key}&a=1`), 'no such path: /v1/x?key=[redacted]&a=1')
  assert.equal(errorText('asked http://me:a:b:c@host/v1'), 'asked http://[redacted]@host/v1')
  assert.equal(errorText('The model `gpt-9` does not exist.'), 'The model `gpt-9` does not exist.')
})

test('none is kept in part where the words are cut', () => {
  for (let before = 900; before <= 1_010; before += 1) {
    const text = errorText(`${'x'.repeat(before)} ${key} ${'y'.repeat(9_000)}`)
    assert.ok(text.length <= 1_000 && !text.includes('k3y'), `${before}`)
  }
})

test('no words make anybody wait who looks through them', () => {
  // In steps that grow with the square of the length these would be minutes; a limit of the runner ends the test then.
  for (const words of [`http://${':'.repeat(1_000_000)}`, 'a.'.repeat(500_000)]) redactText(words)
})
