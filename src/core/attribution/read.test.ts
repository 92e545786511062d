import assert from 'node:assert/strict'
import { validateHeaderValue } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import { readAttributionClaims } from './claims.ts'
import { encodeHeader, readAttributionHeaders } from './headers.ts'
import { metadataFields, readAttributionMetadata } from './metadata.ts'
import type { Said, SaidReading } from './said.ts'

const check = (reading: SaidReading, said: Said | null): void => assert.deepEqual(reading, { kind: 'said', said })

function checkInvalid(reading: SaidReading, field: string, message: RegExp): void {
  assert.equal(reading.kind, 'invalid_attribution')
  assert.deepEqual(reading.kind === 'invalid_attribution' && reading.field, field)
  assert.match(reading.kind === 'invalid_attribution' ? reading.message : '', message)
}

const onTheWire = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

test('every header of the contract is read', () => {
  check(
    readAttributionHeaders({
      'x-department': 'engineering',
      'x-project': 'search',
      'x-cost-center': 'cc_1',
      'x-user-id': 'u1',
      'x-session-id': 's1',
      'x-feature-flag': 'beta',
      'x-request-path': '/chat?q=1',
      'x-tollgate-tags': 'team=a, beta , empty=, ,q=a=b',
      'x-request-id': 'not ours to read',
    }),
    {
      department: 'engineering',
      project: 'search',
      costCenter: 'cc_1',
      userId: 'u1',
      sessionId: 's1',
      featureFlag: 'beta',
      requestPath: '/chat?q=1',
      tags: { team: 'a', beta: 'true', q: 'a=b' },
    },
  )
})

test('headers without attribution say nothing, and blank ones do not either', () => {
  check(readAttributionHeaders({ host: 'x', 'content-type': 'application/json' }), null)
  check(readAttributionHeaders({ 'x-department': '  ', 'x-user-id': '' }), null)
})

test('header bytes are UTF-8 where they can be, otherwise ISO 8859-1', () => {
  check(readAttributionHeaders({ 'x-department': onTheWire('Buchführung') }), { department: 'Buchführung' })
  check(readAttributionHeaders({ 'x-department': 'Buchf\xfchrung' }), { department: 'Buchführung' })
  // The second byte of "à" alone would be a blank.
  check(readAttributionHeaders({ 'x-department': onTheWire('là') }), { department: 'là' })
  check(readAttributionHeaders({ 'x-project': onTheWire('đồng 💶') }), { project: 'đồng 💶' })
})

test('what was read from a header is sent back as it came', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (sent) => {
      const reading = readAttributionHeaders({ 'x-cost-center': onTheWire(sent) })
      if (reading.kind !== 'said' || reading.said?.costCenter === undefined) return
      validateHeaderValue('x-cost-center', encodeHeader(reading.said.costCenter))
      assert.equal(encodeHeader(reading.said.costCenter), onTheWire(sent.trim()))
    }),
  )
})

test('a header that could forge a line is refused by its name, without its value', () => {
  for (const bad of ['a\r\nx-admin: 1', 'a\0b', 'a\x7fb', onTheWire('a\u0085b'), onTheWire('a\u2028b'), 'a\tb']) {
    const reading = readAttributionHeaders({ 'x-project': 'fine', 'x-user-id': bad })
    checkInvalid(reading, 'x-user-id', /^x-user-id holds a control character$/)
  }
})

test('values have at most 256 characters, tags at most 32 of a source', () => {
  check(readAttributionHeaders({ 'x-project': 'p'.repeat(256) }), { project: 'p'.repeat(256) })
  checkInvalid(readAttributionHeaders({ 'x-project': 'p'.repeat(257) }), 'x-project', /longer than 256/)
  const many = (count: number) => Array.from({ length: count }, (_, n) => `t${n}=v`).join()
  assert.equal(readAttributionHeaders({ 'x-tollgate-tags': many(32) }).kind, 'said')
  checkInvalid(readAttributionHeaders({ 'x-tollgate-tags': many(33) }), 'x-tollgate-tags', /more than 32 tags/)
  checkInvalid(readAttributionHeaders({ 'x-tollgate-tags': '=v' }), 'x-tollgate-tags', /without a name/)
  const longName = readAttributionHeaders({ 'x-tollgate-tags': `${'n'.repeat(65)}=v` })
  checkInvalid(longName, 'x-tollgate-tags, the name of a tag,', /longer than 64/)
})

test('metadata is read beside keys that are not ours', () => {
  check(
    readAttributionMetadata({
      department: ' engineering ',
      project: 7,
      user_id: true,
      session_id: null,
      audit_timestamp: '2026-06-01T00:00:00Z',
      tags: { team: 'a', build: 12, off: null },
      order: { nested: ['of', 'the', 'client'] },
    }),
    {
      department: 'engineering',
      project: '7',
      userId: 'true',
      tags: { team: 'a', build: '12', audit_timestamp: '2026-06-01T00:00:00Z' },
    },
  )
})

test('metadata that is no object says nothing: the provider judges it', () => {
  for (const metadata of [undefined, null, 'x', 7, [], ['department'], {}, { other: 1 }]) {
    check(readAttributionMetadata(metadata), null)
  }
})

test('tags of metadata come in several forms', () => {
  const forms: [unknown, Said | null][] = [
    [{ a: '1' }, { tags: { a: '1' } }],
    [['a', 'b=2'], { tags: { a: 'true', b: '2' } }],
    ['a, b=2', { tags: { a: 'true', b: '2' } }],
    ['', null],
    [[], null],
    [{}, null],
    [null, null],
  ]
  for (const [tags, said] of forms) check(readAttributionMetadata({ tags }), said)
  for (const tags of [7, true, [1], [{}]]) checkInvalid(readAttributionMetadata({ tags }), 'metadata.tags', /must be/)
})

test('names of tags hold nothing that JSON would escape; their values may', () => {
  check(readAttributionMetadata({ tags: { "it's": '"a\\b"' } }), { tags: { "it's": '"a\\b"' } })
  for (const name of ['a"', '\\', 'a\\u0062', '{"team"']) {
    checkInvalid(readAttributionMetadata({ tags: { [name]: 'v' } }), 'metadata.tags, the name of a tag,', /backslash$/)
    checkInvalid(
      readAttributionHeaders({ 'x-tollgate-tags': `a=1, ${name}=v` }),
      'x-tollgate-tags, the name of a tag,',
      /backslash$/,
    )
  }
})

test('what is not text in metadata is refused by its name', () => {
  checkInvalid(readAttributionMetadata({ department: ['a'] }), 'metadata.department', /must be a string/)
  checkInvalid(readAttributionMetadata({ cost_center: {} }), 'metadata.cost_center', /must be a string/)
  checkInvalid(readAttributionMetadata({ project: 'a\u0000' }), 'metadata.project', /control character/)
  checkInvalid(readAttributionMetadata({ project: '\ud800' }), 'metadata.project', /well-formed/)
  checkInvalid(readAttributionMetadata({ audit_timestamp: [] }), 'metadata.audit_timestamp', /must be/)
})

test('names that objects have by themselves are no metadata, and stay tags where they are tags', () => {
  check(readAttributionMetadata(JSON.parse('{"__proto__": {"department": "x"}}')), null)
  const reading = readAttributionMetadata(JSON.parse('{"tags": {"__proto__": "x", "constructor": "y"}}'))
  assert.ok(reading.kind === 'said')
  assert.deepEqual(Object.entries(reading.said?.tags ?? {}), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
})

test('claims are found by their whole name first, then by dots that reach into objects', () => {
  const claims = {
    sub: 'u1',
    org: { unit: { name: 'search' } },
    'https://example.com/team': 'core',
    'a.b': { c: 'dotted' },
    a: { b: { c: 'nested', d: 'other' } },
    groups: ['only'],
    level: 3,
    gone: null,
  }
  check(
    readAttributionClaims(claims, {
      sub: 'user_id',
      'org.unit.name': 'department',
      'https://example.com/team': 'project',
      'a.b.c': 'cost_center',
      'a.b.d': 'feature_flag',
      groups: 'session_id',
      level: 'request_path',
    }),
    {
      userId: 'u1',
      department: 'search',
      project: 'core',
      costCenter: 'dotted',
      featureFlag: 'other',
      sessionId: 'only',
      requestPath: '3',
    },
  )
  check(readAttributionClaims(claims, { gone: 'project', 'sub.x': 'project', 'org.toString': 'department' }), null)
  checkInvalid(readAttributionClaims({ groups: ['a', 'b'] }, { groups: 'project' }), 'claim groups', /must be a string/)
  checkInvalid(readAttributionClaims({ org: {} }, { org: 'project' }), 'claim org', /must be a string/)
})

test('whatever is sent, what is kept is bounded, trimmed and free of control characters', () => {
  const anything = fc.record(
    Object.fromEntries(
      [...metadataFields].map((field) => [
        field,
        fc.oneof(fc.string({ unit: 'binary' }), fc.anything({ maxDepth: 1, maxKeys: 3 })),
      ]),
    ),
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(anything, (metadata) => {
      const reading = readAttributionMetadata(metadata)
      if (reading.kind !== 'said') return
      const { tags = {}, ...scalars } = reading.said ?? {}
      for (const text of [...Object.values(scalars), ...Object.values(tags)]) {
        assert.ok(text !== '' && text.length <= 256 && text === text.trim())
        assert.doesNotMatch(text, /\p{Cc}/u)
      }
      for (const name of Object.keys(tags)) assert.equal(JSON.stringify(name), `"${name}"`)
    }),
  )
})
