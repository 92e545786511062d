import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchEndpoint } from '#providers/endpoints.ts'
import { openEnds } from '#providers/open-ends.ts'
import { emptyFacts } from '#providers/requests/facts.ts'
import { noReach, type RequestReach } from '#providers/requests/reach.ts'
import { readRequest } from '#providers/requests/read-request.ts'
import { anthropicParts, anthropicSurfaces, anthropicTools } from './anthropic.ts'
import { declarations, membersOf, unionOf } from './declarations.ts'
import { googleSurfaces } from './google.ts'
import { openaiParts, openaiSurfaces, openaiTools } from './openai.ts'
import type { Effect, PartEffect, Surface, ToolEffect } from './sorted.ts'

interface Read {
  readonly reach: RequestReach
  readonly open: boolean
}

function read(path: string, body: Readonly<Record<string, unknown>>): Read {
  const match = matchEndpoint('POST', path)
  assert.ok(match !== null, path)
  const text = Buffer.from(JSON.stringify(body))
  // Forms bound nothing: what they are for has no bound.
  const form = match.body === 'multipart'
  const reading = form
    ? ({ kind: 'read', facts: emptyFacts(match), reach: noReach } as const)
    : readRequest({ match, contentType: 'application/json', body: text })
  if (reading.kind === 'refused') assert.fail(`${path}: ${reading.message}`)
  const { facts, reach } = reading
  const call = { match, facts, reach, upstream: 'up', vendor: 'v', model: facts.model ?? 'gpt-4.1', atMs: 0 }
  return { reach, open: openEnds(call).length > 0 }
}

/** Where a name stands that the SDK's list does not tell apart: in the body, and in what is within. */
function bodyWith({ base, inside }: Surface, name: string, value: unknown): Record<string, unknown> {
  switch (inside) {
    case undefined:
      return { ...base, [name]: value }
    case 'fallbacks':
      return { ...base, fallbacks: [{ model: 'claude-opus-4-1', [name]: value }] }
    case 'tools':
      return { ...base, tools: [{ [name]: value }] }
    case 'contents':
      return { ...base, contents: [{ parts: [{ [name]: value }] }] }
    default:
      return { ...base, [name]: value, [inside]: { [name]: value } }
  }
}

/** Values of every form: whatever a setting is, none of them makes it more than one. */
const values = ['x', 7, true, { a: 1 }, ['x']]
const { keys } = Object
const beside = ({ textBytes: _, tools: __, ...rest }: RequestReach) => rest

function checkEffect(surface: Surface, name: string, effect: Effect): void {
  const { path } = surface
  const plain = read(path, bodyWith(surface, 'nothing_of_all', undefined))
  if (effect === 'fact' || effect === 'elsewhere') return
  if (effect === 'text') {
    for (const value of values) {
      const found = read(path, bodyWith(surface, name, value))
      assert.deepEqual(beside(found.reach), beside(plain.reach), `${name}: ${JSON.stringify(value)}`)
    }
  } else if ('open' in effect) {
    assert.deepEqual([plain.open, read(path, bodyWith(surface, name, effect.open)).open], [false, true], name)
  } else {
    const { reach } = read(path, bodyWith(surface, name, effect.by))
    assert.notDeepEqual(reach[effect.moves], plain.reach[effect.moves], name)
  }
}

for (const surface of [...openaiSurfaces, ...anthropicSurfaces, ...googleSurfaces]) {
  const { file, name, path, base, unbounded, members } = surface
  test(`every member of ${name} (${file}) is sorted by what it can make a call cost`, () => {
    assert.deepEqual(keys(members).sort(), membersOf(declarations(file), name).sort())
    if (unbounded === true) assert.equal(read(path, base).open, true)
    else for (const [member, effect] of Object.entries(members)) checkEffect(surface, member, effect)
  })
}

const uses: Readonly<Record<ToolEffect, (found: Read) => unknown>> = {
  caller: ({ reach, open }) => [reach.serverTools.length, reach.passes, open],
  provider: ({ reach, open }) => [reach.serverTools.map(({ otherModel }) => otherModel), reach.passes, open],
  max_uses: ({ reach, open }) => [reach.serverTools.map(({ limitedBy }) => limitedBy), reach.passes, open],
  model: ({ reach, open }) => [reach.serverTools.map(({ otherModel }) => otherModel), reach.passes, open],
}
const used: Readonly<Record<ToolEffect, unknown>> = {
  caller: [0, 1, false],
  provider: [[false], null, true],
  max_uses: [['max_uses'], null, true],
  model: [[true], null, true],
}

for (const { file, name, path, body, members } of [...openaiTools, ...anthropicTools]) {
  test(`every tool of ${name} (${file}) is sorted by who runs it, and how often`, () => {
    assert.deepEqual(keys(members).sort(), unionOf(declarations(file), name).sort())
    for (const [tool, [effect, one]] of Object.entries(members)) {
      assert.deepEqual(uses[effect](read(path, body(one))), used[effect], tool)
      if (effect !== 'max_uses') continue
      assert.equal(read(path, body({ ...(one as object), max_uses: 2 })).reach.passes, 3, tool)
    }
  })
}

const parts: Readonly<Record<PartEffect, unknown>> = {
  text: [0, false, false],
  picture: [1, false, false],
  unbounded: [0, true, false],
  open: [0, false, true],
}

for (const { file, name, path, body, members } of [...openaiParts, ...anthropicParts]) {
  test(`every part of a conversation in ${name} (${file}) is sorted by what it may stand for`, () => {
    assert.deepEqual(keys(members).sort(), unionOf(declarations(file), name).sort())
    for (const [part, [effect, one]] of Object.entries(members)) {
      const { reach, open } = read(path, body(one))
      assert.deepEqual([reach.pictures, reach.inputUnbounded, open], parts[effect], part)
    }
  })
}
