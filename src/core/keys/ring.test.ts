import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyPayer } from '#core/attribution/payer.ts'
import type { StoredKey } from './key.ts'
import { type ConfiguredKey, createKeyRing, type KeyRing } from './ring.ts'

// Transparent stand-ins for the doors: a digest that can be read, and a count of what the matcher was asked.
const digest = (secret: string): string => `#${secret}`
const sameDigest = (a: string, b: string): boolean => a === b
let asked = 0
const matcher = (globs: readonly string[]) => (name: string) => {
  asked++
  return globs.includes(name)
}

function ringOf(fromConfig: readonly ConfiguredKey[], stored: readonly StoredKey[]): KeyRing {
  return createKeyRing({ fromConfig, stored, digest, sameDigest, matcher })
}

function configured(name: string, secret: string, rest: Partial<ConfiguredKey> = {}): ConfiguredKey {
  return {
    name,
    keySha256: digest(secret),
    attribution: emptyPayer,
    mayOverride: ['tags'],
    models: null,
    mayBill: true,
    expiresAtMs: null,
    ...rest,
  }
}

function kept(name: string, secrets: Record<string, number | null>, rest: Partial<StoredKey> = {}): StoredKey {
  return {
    id: `key_${name}`,
    name,
    attribution: emptyPayer,
    mayOverride: [],
    models: null,
    mayBill: true,
    expiresAtMs: null,
    createdAtMs: 0,
    revokedAtMs: null,
    secrets: Object.entries(secrets).map(([secret, expiresAtMs]) => ({
      sha256: digest(secret),
      prefix: '',
      createdAtMs: 0,
      expiresAtMs,
    })),
    ...rest,
  }
}

const answer = (ring: KeyRing, secret: string, nowMs = 0): string => {
  const verdict = ring.find(secret, nowMs)
  return verdict.kind === 'known' ? verdict.key.id : verdict.kind
}

test('a secret leads to its key, wherever that is kept', () => {
  const attribution = { ...emptyPayer, department: 'it' }
  const ring = ringOf([configured('c', 'one', { attribution })], [kept('s', { two: null })])
  assert.equal(answer(ring, 'one'), 'cfg_c')
  assert.equal(answer(ring, 'two'), 'key_s')
  assert.equal(answer(ring, 'three'), 'unknown')
  assert.equal(answer(ring, digest('one')), 'unknown', 'a digest is no secret')
  assert.equal(answer(ring, ''), 'missing')
  assert.equal(ring.size, 2)
  const verdict = ring.find('one', 0)
  assert.ok(verdict.kind === 'known')
  assert.equal(verdict.key.attribution, attribution)
  assert.deepEqual(verdict.key.mayOverride, new Set(['tags']))
})

test('a key is no good from the instant of its end on', () => {
  const ring = ringOf([configured('c', 'one', { expiresAtMs: 100 })], [kept('s', { two: null }, { expiresAtMs: 100 })])
  for (const secret of ['one', 'two']) {
    assert.match(answer(ring, secret, 99), /^(cfg_c|key_s)$/)
    assert.equal(answer(ring, secret, 100), 'expired')
  }
})

test('a rotated secret ends before its key does, and never after', () => {
  const ring = ringOf([], [kept('s', { new: null, old: 50, late: 500 }, { expiresAtMs: 100 })])
  const at = (nowMs: number) => ['new', 'old', 'late'].map((secret) => answer(ring, secret, nowMs))
  assert.deepEqual(at(49), ['key_s', 'key_s', 'key_s'])
  assert.deepEqual(at(50), ['key_s', 'expired', 'key_s'])
  assert.deepEqual(at(100), ['expired', 'expired', 'expired'])
})

test('revoked is said before expired', () => {
  const ring = ringOf([], [kept('s', { two: 5 }, { revokedAtMs: 10 })])
  assert.deepEqual(
    [answer(ring, 'two', 4), answer(ring, 'two', 5), answer(ring, 'two', 10)],
    ['key_s', 'expired', 'revoked'],
  )
})

test('of a secret that is configured and stored, the configuration decides', () => {
  const ring = ringOf([configured('c', 'same')], [kept('s', { same: null }, { revokedAtMs: 0 })])
  assert.equal(answer(ring, 'same', 1), 'cfg_c')
})

test('a digest that only looks the same is unknown', () => {
  const ring = createKeyRing({
    fromConfig: [configured('c', 'one')],
    stored: [],
    digest,
    sameDigest: () => false,
    matcher,
  })
  assert.equal(answer(ring, 'one'), 'unknown')
})

test('a key without a list of models allows all; with one, the matcher is asked once for each name', () => {
  const ring = ringOf([configured('all', 'a'), configured('some', 'b', { models: ['gpt'] })], [])
  const [all, some] = [ring.find('a', 0), ring.find('b', 0)]
  assert.ok(all.kind === 'known' && some.kind === 'known')
  assert.ok(all.key.allowsModel('anything'))
  asked = 0
  for (const _ of [1, 2, 3]) {
    assert.ok(some.key.allowsModel('gpt'))
    assert.ok(!some.key.allowsModel('claude'))
  }
  assert.equal(asked, 2)
})

test('a caller who makes up names does not fill the memory, nor change a verdict', () => {
  const ring = ringOf([configured('some', 'b', { models: ['gpt'] })], [])
  const some = ring.find('b', 0)
  assert.ok(some.kind === 'known')
  for (let n = 0; n < 5000; n++) assert.ok(!some.key.allowsModel(`made-up-${n}`))
  assert.ok(some.key.allowsModel('gpt'))
})

test('the ring answers as a search through the list would', () => {
  const secret = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const end = fc.option(fc.integer({ min: 0, max: 5 }), { nil: null })
  const secrets = fc
    .uniqueArray(secret, { minLength: 1, maxLength: 2 })
    .chain((names) =>
      fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), end))).map((pairs) => Object.fromEntries(pairs)),
    )
  const keys = fc.array(fc.record({ secrets, expiresAtMs: end, revokedAtMs: end }), { maxLength: 4 })
  fc.assert(
    fc.property(keys, secret, fc.integer({ min: 0, max: 6 }), (list, presented, nowMs) => {
      const stored = list.map(({ secrets: all, ...rest }, index) => kept(String(index), all, rest))
      const expected = (): string => {
        for (const [index, { secrets: all, expiresAtMs, revokedAtMs }] of list.entries()) {
          const end = all[presented]
          if (end === undefined) continue
          if (revokedAtMs !== null && nowMs >= revokedAtMs) return 'revoked'
          const over = [end, expiresAtMs].some((atMs) => atMs !== null && nowMs >= atMs)
          return over ? 'expired' : `key_${index}`
        }
        return 'unknown'
      }
      assert.equal(answer(ringOf([], stored), presented, nowMs), expected())
    }),
    { numRuns: 500 },
  )
})
