import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { findRecordings, type Recording, readRecordings, recordingsMissing } from './locate.ts'
import { bodyOf, readStream, type StreamResult, sourceOf } from './replay.ts'

const directory = findRecordings()

if (directory === null) {
  test('recorded streams cut anywhere', (context) => {
    context.diagnostic(recordingsMissing)
    assert.equal(directory, null)
  })
} else {
  suite('recorded streams cut anywhere', () => {
    for (const recording of readRecordings(directory).filter(({ stream }) => stream)) {
      test(recording.name, () => cutEverywhere(recording))
    }
  })
}

/** Every byte of the stream is the place of a cut in some run; in the events that decide the result, of a cut alone. */
function cutEverywhere(recording: Recording): void {
  const source = sourceOf(recording)
  const body = bodyOf(recording)
  const wholeBody = readStream(source, [body])
  for (const pieces of inResidueClasses(body)) assert.deepEqual(readStream(source, pieces), wholeBody)
  const chance = seeded(recording.name)
  for (let run = 0; run < 10; run += 1) {
    const cuts = Array.from({ length: 1 + chance(12) }, () => chance(body.length)).sort((a, b) => a - b)
    assert.deepEqual(readStream(source, cutAt(body, cuts)), wholeBody, `cuts ${cuts.join()}`)
  }

  const deciding = thinned(body)
  const whole = readStream(source, [deciding])
  assert.deepEqual(whole.reading.usage, wholeBody.reading.usage)
  assert.deepEqual(whole.reading.error, wholeBody.reading.error)
  const check = (pieces: readonly Buffer[], where: string): void => {
    const result: StreamResult = readStream(source, pieces)
    assert.deepEqual(result, whole, where)
  }
  for (const { start, end } of interesting(deciding)) {
    for (let at = start; at <= end; at += 1) check([deciding.subarray(0, at), deciding.subarray(at)], `cut at ${at}`)
    check(bytewise(deciding, start, end), `bytes ${start} to ${end} one by one`)
  }
}

/** Cuts at all places that leave the same rest, for every rest: the smaller the pieces, the fewer the runs. */
function inResidueClasses(body: Buffer): Buffer[][] {
  const distance = 13
  return Array.from({ length: distance }, (_, rest) => {
    const cuts: number[] = []
    for (let at = rest; at < body.length; at += distance) cuts.push(at)
    return cutAt(body, cuts)
  })
}

const marks =
  /"executed_tools|"usage|"usageMetadata"|\[DONE\]|message_st|"error"|"response\.[a-z]+"|"finishReason"|"finish_reason": ?"/

/** The stream without all but a few of the events between that only carry text, so that cutting it is cheap. */
function thinned(body: Buffer): Buffer {
  if (body[0] === 0x5b) return body
  const blocks = body.toString('latin1').split(/(?<=\r\n\r\n|\n\n)/)
  const deciding = blocks.map((block) => marks.test(block))
  const places = deciding.flatMap((decides, place) => (decides ? [place] : []))
  const kept = new Set([0, 1, 2, blocks.length - 2, blocks.length - 1, ...places.slice(0, 3), ...places.slice(-4)])
  for (const [place, block] of blocks.entries())
    if (/^event: (?!response\.\w+\.(delta|done))/.test(block)) kept.add(place)
  return Buffer.from(blocks.filter((_, place) => kept.has(place)).join(''), 'latin1')
}

interface Span {
  readonly start: number
  readonly end: number
}

/** The bytes around whatever decides the result. Of a long event the text between is one string, and is left out. */
function interesting(body: Buffer): Span[] {
  const text = body.toString('latin1')
  const spans: Span[] = [{ start: 0, end: Math.min(40, body.length) }, around(text, text.length - 1)]
  for (const match of text.matchAll(new RegExp(marks, 'g'))) spans.push(around(text, match.index))
  return merged(spans)
}

const reach = 300

function around(text: string, place: number): Span {
  const before = Math.max(text.lastIndexOf('\n\n', place), text.lastIndexOf('\r\n\r\n', place), 0)
  const after = [text.indexOf('\n\n', place), text.indexOf('\r\n\r\n', place)].filter((end) => end >= 0)
  const end = Math.min(...after.map((at) => at + 5), text.length)
  return { start: Math.max(before, place - reach), end: Math.min(end, place + 2 * reach) }
}

function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = []
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last === undefined || span.start > last.end) result.push(span)
    else result[result.length - 1] = { start: last.start, end: Math.max(last.end, span.end) }
  }
  return result
}

function bytewise(body: Buffer, start: number, end: number): Buffer[] {
  const cuts = Array.from({ length: end - start }, (_, index) => start + index)
  return cutAt(body, cuts)
}

function cutAt(body: Buffer, cuts: readonly number[]): Buffer[] {
  return [0, ...cuts].map((from, index) => body.subarray(from, cuts[index] ?? body.length))
}

/** Small and repeatable: the same cuts for the same recording on every machine. */
function seeded(name: string): (below: number) => number {
  let state = 2166136261
  for (const char of name) state = Math.imul(state ^ char.charCodeAt(0), 16777619)
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9
    return ((state ^ (state >>> 13)) >>> 0) % below
  }
}
