import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readTags } from '#core/attribution/tags.ts'
import { arbitraryEntry } from '#test/journal/arbitrary-entries.ts'
import { settleEntry } from '#test/journal/entries.ts'
import { decodeEntry, encodeEntry, peekEntry } from './codec.ts'
import type { SettleEntry } from './entry.ts'
import { EntryFault } from './fault.ts'

const traced = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7'

describe('entry codec', () => {
  it('reads back every entry as it was', () => {
    fc.assert(
      fc.property(arbitraryEntry, (entry) => {
        assert.deepEqual(decodeEntry(encodeEntry(entry)), entry)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads every name that a tag may have as it was, whatever was read before', () => {
    // Of characters that JSON.parse mistakes for each other: see lib/json-names.ts.
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '\\', '"', 'u', '0'), minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.dictionary(name, fc.constant('v'), { minKeys: 1, maxKeys: 2, noNullPrototype: true }), (given) => {
        const line = encodeEntry(taggedEntry({ first: 'v', ...given }))
        const tags = decodeEntry(line).call.payer.tags
        if (readTags(given, 'tags').kind === 'tags') assert.deepEqual(tags, { first: 'v', ...given })
      }),
      { numRuns: 3000 },
    )
  })

  it('writes one line of valid UTF-8, whatever the texts hold', () => {
    fc.assert(
      fc.property(arbitraryEntry, (entry) => {
        const line = encodeEntry(entry)
        assert.equal(line.includes('\n'), false)
        assert.equal(Buffer.from(line).toString(), line)
      }),
      { numRuns: 1000 },
    )
  })

  it('tells kind and call id without decoding the rest', () => {
    fc.assert(
      fc.property(arbitraryEntry, (entry) => {
        assert.deepEqual(peekEntry(encodeEntry(entry)), { kind: entry.kind, callId: entry.call.callId })
      }),
    )
  })

  it('leaves out what has its usual value', () => {
    const line = encodeEntry(settleEntry('c1', { errorCode: '', units: {}, marks: [], cacheHit: false }))
    for (const name of ['errorCode', 'units', 'marks', 'cacheHit', 'requestId', 'tags', 'billing']) {
      assert.equal(line.includes(`"${name}"`), false, name)
    }
  })

  it('keeps a stated cost of zero apart from none', () => {
    const entry = settleEntry('c1')
    const stated = { ...entry, cost: { ...entry.cost, providerStatedPicoUsd: entry.cost.otherPicoUsd } }
    assert.deepEqual(decodeEntry(encodeEntry(stated)), stated)
    assert.notDeepEqual(decodeEntry(encodeEntry(entry)), stated)
  })

  it('never throws anything but its own fault, whatever the line', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), mutatedLine), (line) => {
        try {
          encodeEntry(decodeEntry(line))
        } catch (fault) {
          assert.ok(fault instanceof EntryFault)
        }
      }),
      { numRuns: 2000 },
    )
  })

  const line = encodeEntry(settleEntry('c1'))
  const faults: [what: string, line: string, code: string, field: string][] = [
    ['text', 'hello', 'entry_not_json', ''],
    ['a list', '[]', 'entry_not_json', ''],
    ['no kind', '{}', 'entry_kind_unknown', 'kind'],
    ['an unknown kind', '{"kind":"refund"}', 'entry_kind_unknown', 'kind'],
    ['no call id', '{"kind":"open"}', 'entry_field_invalid', 'callId'],
    ['a float as amount', line.replace(/"total":"[^"]*"/, '"total":0.1'), 'entry_field_invalid', 'cost.total'],
    ['a short amount', line.replace(/"total":"[^"]*"/, '"total":"0.1"'), 'entry_field_invalid', 'cost.total'],
    ['a negative count', line.replace(/"input":\d+/, '"input":-1'), 'entry_field_invalid', 'tokens.input'],
    ['a fraction of a token', line.replace(/"input":\d+/, '"input":1.5'), 'entry_field_invalid', 'tokens.input'],
    ['an unknown outcome', line.replace('"served"', '"lost"'), 'entry_field_invalid', 'outcome'],
    [
      'half a trace',
      line.replace(/}$/, ',"trace":"4bf92f3577b34da6a3ce929d0e0e4736"}'),
      'entry_field_invalid',
      'trace',
    ],
    ['a trace in capitals', line.replace(/}$/, `,"trace":"${traced.toUpperCase()}"}`), 'entry_field_invalid', 'trace'],
    ['a trace that is no text', line.replace(/}$/, ',"trace":{}}'), 'entry_field_invalid', 'trace'],
    [
      'an endpoint named like a property',
      line.replace('chat.completions', '__proto__'),
      'entry_field_invalid',
      'endpoint',
    ],
  ]
  for (const [what, bad, code, field] of faults) {
    it(`names what is wrong: ${what}`, () => {
      assert.throws(() => decodeEntry(bad), { name: 'EntryFault', code, field })
    })
  }

  it('refuses to write a number that is none', () => {
    const entry = settleEntry('c1', { latencyMs: Number.NaN })
    assert.throws(() => encodeEntry(entry), { name: 'EntryFault', code: 'entry_field_invalid', field: 'latencyMs' })
  })
})

function taggedEntry(tags: Readonly<Record<string, string>>): SettleEntry {
  const entry = settleEntry('c1')
  return { ...entry, call: { ...entry.call, payer: { ...entry.call.payer, tags } } }
}

const mutatedLine = fc.tuple(arbitraryEntry, fc.nat(), fc.string({ maxLength: 3 })).map(([entry, at, text]) => {
  const line = encodeEntry(entry)
  const place = at % line.length
  return line.slice(0, place) + text + line.slice(place + 1)
})
