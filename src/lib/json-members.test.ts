import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countMembers, elementSpans, type Member, memberEdits, spliceBytes, topLevelMembers } from './json-members.ts'

const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/)

/** A key as some client might write it: any character may be escaped. */
const writtenKey = fc
  .tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.boolean())
  .map(([key, escapes]) => ({ key, text: escapes ? escaped(key) : JSON.stringify(key) }))

function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`
}

const writtenMember = fc
  .tuple(writtenKey, fc.jsonValue({ maxDepth: 4 }), fc.nat(4), space, space, space, space)
  .map(([{ key, text }, value, indent, a, b, c, d]) => ({
    key,
    text: `${a}${text}${b}:${c}${JSON.stringify(value, null, indent)}${d}`,
    value: JSON.parse(JSON.stringify(value)) as unknown,
  }))

const writtenObject = fc
  .tuple(fc.array(writtenMember, { maxLength: 6 }), space, space)
  .map(([members, before, after]) => ({
    members,
    body: Buffer.from(`${before}{${members.map(({ text }) => text).join(',') || after}}${after}`),
  }))

function valueAt(body: Buffer, { valueStart, valueEnd }: Member): unknown {
  return JSON.parse(body.toString('utf8', valueStart, valueEnd))
}

test('members are found with their keys and values, duplicates and escapes included', () => {
  fc.assert(
    fc.property(writtenObject, ({ members, body }) => {
      const found = topLevelMembers(body)
      assert.ok(found !== null)
      assert.deepEqual(
        found.map((member) => [member.key, valueAt(body, member)]),
        members.map(({ key, value }) => [key, value]),
      )
      for (const { key, keyStart, keyEnd } of found)
        assert.equal(JSON.parse(body.toString('utf8', keyStart, keyEnd)), key)
      assert.equal(countMembers(body.toString()), members.length)
    }),
  )
})

test('what JSON.parse makes of an object is what the last members say', () => {
  fc.assert(
    fc.property(writtenObject, ({ body }) => {
      const members = topLevelMembers(body) ?? []
      const parsed: unknown = JSON.parse(body.toString())
      assert.deepEqual(Object.fromEntries(members.map((member) => [member.key, valueAt(body, member)])), parsed)
    }),
  )
})

test('elements of an array are found', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 3 })), fc.nat(4), space, (values, indent, before) => {
      const body = Buffer.from(before + JSON.stringify(values, null, indent))
      const spans = elementSpans(body) ?? assert.fail('an array')
      assert.deepEqual(
        spans.map(({ start, end }) => JSON.parse(body.toString('utf8', start, end))),
        JSON.parse(JSON.stringify(values)),
      )
    }),
  )
})

test('members can be removed, replaced and added, and all other bytes stay', () => {
  const choice = fc.constantFrom('keep', 'remove', 'replace')
  const plan = fc.tuple(writtenObject, fc.infiniteStream(choice), fc.boolean())
  fc.assert(
    fc.property(plan, ([{ body }, choices, appends]) => {
      const members = topLevelMembers(body) ?? []
      const expected: [string, unknown][] = []
      const remove = new Set<Member>()
      const replace = new Map<Member, string>()
      const keptBytes: Buffer[] = []
      for (const member of members) {
        const chosen = choices.next().value
        if (chosen === 'remove') remove.add(member)
        else if (chosen === 'replace') replace.set(member, '{"new": true}')
        else keptBytes.push(body.subarray(member.keyStart, member.valueEnd))
        if (chosen !== 'remove')
          expected.push([member.key, chosen === 'replace' ? { new: true } : valueAt(body, member)])
      }
      if (appends) expected.push(['added', 1])
      const changes = { remove, replace, append: appends ? ['"added":1'] : [] }
      const edited = spliceBytes(body, memberEdits(members, body.indexOf('{'), changes))
      const now = topLevelMembers(edited) ?? assert.fail(edited.toString())
      JSON.parse(edited.toString())
      assert.deepEqual(
        now.map((member) => [member.key, valueAt(edited, member)]),
        expected,
      )
      let from = 0
      for (const kept of keptBytes) {
        const at = edited.indexOf(kept, from)
        assert.ok(at >= 0)
        from = at + kept.length
      }
    }),
  )
})

test('what is no object has no members', () => {
  for (const text of [
    '',
    ' ',
    '[]',
    '1',
    '"a"',
    'null',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":"',
    '{"a":[',
    '{1:2}',
  ]) {
    assert.equal(topLevelMembers(Buffer.from(text)), null, text)
  }
})

test('any bytes at all get an answer whose spans lie within them', () => {
  const jsonish = fc.stringMatching(/^[{}[\]":,\\a1 ]{0,40}$/).map((text) => Buffer.from(`{${text}`))
  fc.assert(
    fc.property(fc.oneof(jsonish, fc.uint8Array().map(Buffer.from)), (body) => {
      for (const { keyStart, keyEnd, valueStart, valueEnd } of topLevelMembers(body) ?? []) {
        assert.ok(keyStart < keyEnd && keyEnd <= valueStart && valueStart < valueEnd && valueEnd <= body.length)
      }
    }),
  )
})

test('nesting of any depth is passed over', () => {
  const depth = 200_000
  const body = Buffer.from(`{"a":${'['.repeat(depth)}${']'.repeat(depth)},"model":"m"}`)
  assert.deepEqual(
    topLevelMembers(body)?.map(({ key }) => key),
    ['a', 'model'],
  )
  assert.equal(countMembers(body.toString()), 2)
})

test('long lists of numbers are passed over, wherever they end', () => {
  for (const least of [50, 250, 16_384, 32_768]) {
    for (let bytes = least; bytes < least + 100; bytes += 1) {
      const vector = '7'.repeat(bytes)
      for (const value of [`[${vector}]`, `[{"v":[${vector}]},["]"]]`, `{"v":[[],${vector}],"w":"[{"}`]) {
        const body = Buffer.from(`{"a":${value},"b":1}`)
        const [first, second] = topLevelMembers(body) ?? assert.fail(value)
        assert.deepEqual([first?.valueEnd, second?.key], [5 + value.length, 'b'])
        assert.equal(topLevelMembers(body.subarray(0, -8)), null)
      }
    }
  }
})

test('however long lists of numbers are, not much more is decoded than there is', () => {
  for (const length of [10, 60, 130, 200, 500, 5_000, 50_000]) {
    const list = `[${'7'.repeat(length)}]`
    const body = Buffer.from(`{"a":[${Array.from({ length: Math.ceil(200_000 / length) }, () => list).join(',')}]}`)
    let decodedBytes = 0
    body.toString = (encoding, start = 0, end = body.length) => {
      decodedBytes += Math.min(end, body.length) - start
      return Buffer.prototype.toString.call(body, encoding, start, end)
    }
    assert.equal(topLevelMembers(body)?.[0]?.valueEnd, body.length - 1)
    assert.ok(decodedBytes < 3 * body.length, `${decodedBytes} of ${body.length} bytes, lists of ${length}`)
  }
})

test('quotes behind backslashes end a string only where they should, near its start and far from it', () => {
  for (const filler of [0, 40, 47, 48, 49, 200]) {
    for (let backslashes = 0; backslashes <= 5; backslashes += 1) {
      const text = `${'x'.repeat(filler)}${'\\'.repeat(backslashes)}"}`
      const body = Buffer.from(JSON.stringify({ a: text, b: 1 }))
      const members = topLevelMembers(body) ?? assert.fail()
      assert.deepEqual(
        members.map((member) => valueAt(body, member)),
        [text, 1],
      )
      assert.equal(countMembers(body.toString()), 2)
    }
  }
})

test('edits that overlap are refused', () => {
  const body = Buffer.from('0123456789')
  assert.throws(
    () =>
      spliceBytes(body, [
        { start: 2, end: 5, text: '' },
        { start: 4, end: 6, text: '' },
      ]),
    RangeError,
  )
  assert.throws(() => spliceBytes(body, [{ start: 9, end: 11, text: '' }]), RangeError)
  assert.equal(spliceBytes(body, []), body)
})
