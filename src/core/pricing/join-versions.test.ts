import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { longestPriceVersion } from '#core/ledger/entry-bounds.ts'
import { joinVersions } from './join-versions.ts'

test('price versions are named once each, in the order in which they came', () => {
  assert.equal(['a', 'b', 'a', '', 'c', 'b; c'].reduce(joinVersions, ''), 'a; b; c')
})

test('however many there are, the text is no longer than a record takes, and says that some are left out', () => {
  const version = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 900 })
  fc.assert(
    fc.property(fc.array(version, { maxLength: 40 }), (versions) => {
      const text = versions.reduce(joinVersions, '')
      assert.ok(text.length <= longestPriceVersion, `${text.length}`)
      const named = new Set(text.split('; '))
      const distinct = new Set(versions)
      if (named.has('…')) assert.ok(named.size - 1 < distinct.size)
      else assert.deepEqual(named, distinct.size === 0 ? new Set(['']) : distinct)
      assert.equal(joinVersions(text, versions[0] ?? ''), text)
    }),
  )
})
