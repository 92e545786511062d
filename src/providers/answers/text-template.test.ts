import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isObject } from '#lib/json-object.ts'
import { Findings } from './findings.ts'
import type { AnswerSource } from './formats.ts'
import { createReader } from './formats.ts'
import { parseJson } from './json.ts'
import { TextShapes } from './text-shapes.ts'

const chat = (text: string, more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1782321945,
    model: 'gpt-4.1',
    choices: [{ index: 0, delta: { content: text }, finish_reason: null }],
    obfuscation: 'aB3',
    ...more,
  })

/** Teaches the shapes with events that add these pieces. */
function taught(source: AnswerSource, events: readonly string[]): TextShapes {
  const findings = new Findings()
  const reader = createReader(source, findings)
  const shapes = new TextShapes(source, findings)
  for (const event of events) {
    const before = findings.outputChars
    const json = parseJson(event)
    assert.ok(isObject(json))
    reader.event(json, event)
    shapes.learn(event, before)
  }
  return shapes
}

/** What parsing the event makes of it, for comparison. */
function parsed(source: AnswerSource, event: string): string {
  const findings = new Findings()
  const json = parseJson(event)
  if (isObject(json)) createReader(source, findings).event(json, event)
  return findings.readingOf(null).outputText
}

const chatShapes = taught(
  { api: 'chat.completions' },
  ['a', 'b', 'c', 'd', 'e'].map((text) => chat(text)),
)

test('an event of a known shape is read without parsing, whatever its counters and padding', () => {
  assert.equal(chatShapes.pieceIn(chat(' world')), ' world')
  assert.equal(chatShapes.pieceIn(chat('line\n\ttab \\ é 😀 \u0001')), 'line\n\ttab \\ é 😀 \u0001')
  assert.equal(chatShapes.pieceIn(chat('x', { obfuscation: 'otherwise', created: 7 })), 'x')
})

test('any other event is left to the parser', () => {
  const others = [
    chat('x', { usage: { prompt_tokens: 1 } }),
    chat('x', { error: { message: 'no' } }),
    chat('x', { model: 'gpt-5' }),
    chat('x', { choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }] }),
    chat('x', { created: 1.5 }),
    `${chat('x')} `,
    chat('x').slice(0, -1),
    chat('x').replace('1782321945', '01'),
    chat('x').replace('1782321945', ''),
    chat('x').replace('"x"', '"\\u12"'),
    chat('x').replace('"x"', '"a","content":"b"'),
    '',
    '{}',
  ]
  for (const other of others) assert.equal(chatShapes.pieceIn(other), null, other)
})

test('a text with quotes is read right, by whichever way', () => {
  assert.equal(chatShapes.pieceIn(chat('say "yes"')), null)
  assert.equal(chatShapes.pieceIn(chat('trailing \\')), null)
})

test('no event is shaped that does more than add output', () => {
  const growing = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => chat(text, { usage: { prompt_tokens: 1 } }))
  assert.equal(taught({ api: 'chat.completions' }, growing).pieceIn(chat('x', { usage: { prompt_tokens: 1 } })), null)
  const named = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => chat(text, { service_tier: text }))
  assert.equal(taught({ api: 'chat.completions' }, named).pieceIn(chat('x', { service_tier: 'x' })), null)
})

test("Anthropic's padding before the last brace may be of any length", () => {
  const delta = (text: string, spaces: number): string =>
    `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${JSON.stringify(text)}}${' '.repeat(spaces)}}`
  const source: AnswerSource = { api: 'messages' }
  const shapes = taught(
    source,
    ['a', 'b', 'c', 'd', 'e'].map((text, index) => delta(text, index)),
  )
  for (const spaces of [0, 1, 9]) assert.equal(shapes.pieceIn(delta('x y', spaces)), 'x y')
  assert.equal(shapes.pieceIn(delta('x', 2).replace('text_delta', 'thinking_delta')), null)
})

test('what a shape reads is what the parser reads', () => {
  const source: AnswerSource = { api: 'chat.completions' }
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"', '\\', '","', '"}', 'text_delta'),
  )
  fc.assert(
    fc.property(texts, fc.nat(), fc.string(), (text, created, obfuscation) => {
      const event = chat(text, { created, obfuscation })
      const piece = chatShapes.pieceIn(event)
      if (piece !== null) assert.equal(piece, parsed(source, event))
    }),
    { numRuns: 2000 },
  )
})

test('a shape never reads what changed in an event', () => {
  const source: AnswerSource = { api: 'chat.completions' }
  const event = chat('some text')
  fc.assert(
    fc.property(fc.nat(event.length), fc.nat(12), fc.string({ maxLength: 6 }), (at, cut, insert) => {
      const changed = event.slice(0, at) + insert + event.slice(at + cut)
      const piece = chatShapes.pieceIn(changed)
      if (piece !== null) assert.equal(piece, parsed(source, changed))
    }),
    { numRuns: 5000 },
  )
})
