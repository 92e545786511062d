import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { contentEncodingsOf } from './content-encoding.ts'

describe('content encoding', () => {
  it('knows an encoding by its name', () => {
    assert.deepEqual(contentEncodingsOf('GZIP '), ['gzip'])
    assert.deepEqual(contentEncodingsOf('x-gzip'), ['gzip'])
    assert.equal(contentEncodingsOf('identity'), null)
    assert.equal(contentEncodingsOf(''), null)
    assert.deepEqual(contentEncodingsOf('gzip, identity, br'), ['gzip', 'br'])
    assert.equal(contentEncodingsOf('gzip, utf-8'), 'unknown')
    assert.equal(contentEncodingsOf('gzip, gzip, gzip, gzip'), 'unknown')
    assert.equal(contentEncodingsOf(undefined), null)
  })
})
