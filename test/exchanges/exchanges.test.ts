import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { disjointCounts } from '#core/usage/counts.ts'
import { accentNamed } from '#providers/answers/accents.ts'
import { readAnswer } from '#providers/answers/read-answer.ts'
import { createStreamMeter } from '#providers/answers/stream-meter.ts'
import type { Reading } from '#providers/meter.ts'
import { anthropicExchanges } from './anthropic.ts'
import { besideTokensExchanges } from './beside-tokens.ts'
import { type Exchange, points } from './exchange.ts'
import { failureExchanges } from './failures.ts'
import { googleExchanges } from './google.ts'
import { openaiExchanges } from './openai.ts'
import { refusalExchanges } from './refusals.ts'

const exchanges = [
  ...anthropicExchanges,
  ...openaiExchanges,
  ...googleExchanges,
  ...besideTokensExchanges,
  ...failureExchanges,
  ...refusalExchanges,
]

test('every point of what providers report has an exchange', () => {
  const covered = new Set(exchanges.flatMap((exchange) => exchange.points.map(String)))
  assert.deepEqual(
    Object.keys(points).filter((point) => !covered.has(point)),
    [],
  )
})

suite('exchanges', () => {
  for (const exchange of exchanges) {
    const label = exchange.points.length === 0 ? 'failure' : exchange.points.join(', ')
    test(`${label}: ${exchange.name} (${exchange.api}${exchange.stream ? ', stream' : ''})`, () => {
      const bytes = Buffer.from(exchange.body)
      if (!exchange.stream) return check(exchange, readWhole(exchange, bytes))
      const whole = readStream(exchange, [bytes])
      check(exchange, whole)
      for (let at = 0; at <= bytes.length; at += 1) {
        assert.deepEqual(readStream(exchange, [bytes.subarray(0, at), bytes.subarray(at)]), whole, `cut at byte ${at}`)
      }
      assert.deepEqual(
        readStream(
          exchange,
          [...bytes].map((byte) => Buffer.from([byte])),
        ),
        whole,
      )
    })
  }
})

function sourceOf({ api, accent }: Exchange) {
  return accent === undefined ? { api } : { api, accent: accentNamed(accent) }
}

function readWhole(exchange: Exchange, body: Buffer): Reading {
  return readAnswer({ ...sourceOf(exchange), status: exchange.status ?? 200, contentType: 'application/json', body })
}

function readStream(exchange: Exchange, pieces: readonly Buffer[]): Reading {
  const meter = createStreamMeter({ ...sourceOf(exchange), dropUsageChunk: false })
  for (const piece of pieces) assert.equal(meter.push(piece), piece)
  assert.equal(meter.end().length, 0)
  return meter.reading()
}

function check({ expected, marks = [] }: Exchange, reading: Reading): void {
  assert.deepEqual(reading.usage, expected.usage)
  assert.equal(reading.model, expected.model)
  assert.deepEqual(reading.error, expected.error ?? null)
  assert.equal(reading.status, expected.status)
  assert.equal(reading.serviceTier, expected.serviceTier)
  assert.equal(reading.complete, expected.complete ?? true)
  if (expected.outputText !== undefined) assert.equal(reading.outputText, expected.outputText)
  if (expected.usage === null) return
  const counted = new Set<string>()
  disjointCounts(expected.usage, counted)
  assert.deepEqual([...counted], marks)
}
