import { bodyStart } from '#lib/body-start.ts'
import { memberEdits, spliceBytes, topLevelMembers } from '#lib/json-members.ts'
import { isObject } from '#lib/json-object.ts'
import type { Reading } from '#providers/meter.ts'
import { errorOfFailure } from './errors.ts'
import { Findings } from './findings.ts'
import { type AnswerSource, bulkMember, createReader, generatesText } from './formats.ts'
import { parseJson } from './json.ts'
import { readLoosely } from './loose-text.ts'
import { createStreamMeter } from './stream-meter.ts'
import { isTooIntricate } from './structure.ts'

interface WholeAnswer extends AnswerSource {
  readonly status: number
  readonly contentType: string | undefined
  readonly body: Buffer
}

/** Above this, members that say nothing about usage are taken out before parsing: two vectors of text are already. */
const largeBodyBytes = 16_384

/**
 * Reads an answer that is not streamed, whatever it is: an answer, an error of any shape, HTML, nothing. Never throws.
 * Of a status that says that the call failed the reading always has an error, and of such an error never a usage.
 */
export function readAnswer(answer: WholeAnswer): Reading {
  if (answer.status < 400 && answer.contentType?.startsWith('text/event-stream') === true)
    return readUnaskedStream(answer)
  const findings = new Findings()
  const text = readableText(answer)
  const json = text === '' ? undefined : parseJson(text)
  if (answer.status >= 400) {
    findings.error = errorOfFailure(answer.status, json, answer.body)
    return findings.readingOf(null)
  }
  if (!isObject(json)) {
    if (isUnaskedStream(answer.body, json)) return readUnaskedStream(answer)
    // Text, audio or nothing: an answer, but not one that reports anything.
    if (generatesText(answer.api)) readLoosely(answer.body, findings)
    findings.complete = true
    return findings.readingOf(null)
  }
  const reader = createReader(answer, findings)
  reader.whole(json, text)
  findings.usageFinal = true
  return findings.readingOf(reader.usage())
}

/** Whatever type it says it has: events, or the array of a Gemini stream. */
function isUnaskedStream(body: Buffer, json: unknown): boolean {
  return Array.isArray(json) || bodyStart(body, true) === 'events'
}

/** Some upstreams stream though nobody asked them to. */
function readUnaskedStream(answer: WholeAnswer): Reading {
  const meter = createStreamMeter({ ...answer, dropUsageChunk: false })
  meter.push(answer.body)
  meter.end()
  return meter.reading()
}

/** The body as text, or nothing where it cannot be JSON. Some providers send JSON as octet-stream, so the bytes decide. */
function readableText({ api, body }: WholeAnswer): string {
  let start = 0
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) start = 3
  while (start < body.length && (body[start] ?? 0) <= 0x20) start += 1
  if (body[start] !== 0x7b && body[start] !== 0x5b) return ''
  const bulk = bulkMember(api)
  if (bulk === null || body.length < largeBodyBytes) return textOfJson(body, start)
  const members = topLevelMembers(body, start)
  const large = members?.filter((member) => member.key === bulk) ?? []
  if (members === null || large.length === 0) return textOfJson(body, start)
  const replace = new Map(large.map((member) => [member, 'null']))
  const edits = memberEdits(members, start, { remove: new Set(), replace, append: [] })
  return textOfJson(spliceBytes(body, edits), start)
}

function textOfJson(body: Buffer, start: number): string {
  return isTooIntricate(body) ? '' : body.toString('utf8', start)
}
