import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeSecret, randomText, sameDigest, sha256Hex } from './secret.ts'

test('a secret is its prefix and 32 letters and digits, never twice the same', () => {
  const secrets = new Set(Array.from({ length: 1000 }, () => makeSecret('tg-')))
  assert.equal(secrets.size, 1000)
  for (const secret of secrets) assert.match(secret, /^tg-[0-9A-Za-z]{32}$/)
})

test('random text has the length asked for, and every letter and digit comes up', () => {
  for (const length of [0, 1, 5, 100]) assert.equal(randomText(length).length, length)
  // That one of 62 is missing among 20,000 has a chance of 62 × (61/62)^20,000, below 1e-139.
  assert.equal(new Set(randomText(20_000)).size, 62)
})

test('the digest is SHA-256 of the UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(sha256Hex(text), createHash('sha256').update(text, 'utf8').digest('hex'))
    }),
  )
})

test('digests are the same where all their characters are', () => {
  const [a, b] = [sha256Hex('a'), sha256Hex('b')]
  assert.ok(sameDigest(a, `${a.slice(0, 32)}${a.slice(32)}`))
  assert.ok(!sameDigest(a, b))
  for (let at = 0; at < 64; at++) {
    const other = a.slice(0, at) + (a[at] === '0' ? '1' : '0') + a.slice(at + 1)
    assert.ok(!sameDigest(a, other))
    assert.ok(!sameDigest(other, a))
  }
  for (const short of ['', a.slice(1), `${a}0`]) {
    assert.ok(!sameDigest(short, short))
    assert.ok(!sameDigest(a, short))
  }
})
