import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { endpointNames, type SettleEntry } from '#core/ledger/entry.ts'
import { callSpan } from '#reactions/telemetry/call-span.ts'
import { attribute, operations } from '#reactions/telemetry/names.ts'
import { settleEntry } from '../journal/entries.ts'

const text = readFileSync(new URL('../../docs/telemetry.md', import.meta.url), 'utf8')
const link = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', parentSpanId: '' }

/** A call of which there is everything to say. */
function fullEntry(): SettleEntry {
  const plain = settleEntry('c1', { outcome: 'failed', errorCode: 'x', timeToFirstTokenMs: 1, cacheHit: true })
  const payer = {
    department: 'a',
    project: 'a',
    costCenter: 'a',
    userId: 'a',
    sessionId: 'a',
    featureFlag: 'a',
    requestPath: 'a',
    tags: {},
  }
  const attempts = [{ startedAfterMs: 1, durationMs: 1, status: 500, errorCode: 'http_500' }]
  return {
    ...plain,
    call: { ...plain.call, payer, stream: true },
    cost: { ...plain.cost, unpriced: true },
    attempts,
  }
}

test('docs/telemetry.md names every attribute that a span has, and every operation', () => {
  const span = callSpan(fullEntry(), link, new Map([['openai', { address: 'a', port: 1 }]]))
  const names = [
    ...Object.keys(span.attributes),
    ...span.events.flatMap(({ name, attributes }) => [name, ...Object.keys(attributes)]),
    ...Object.values(attribute),
    ...endpointNames.map((endpoint) => operations[endpoint].name),
  ]
  for (const name of names) assert.ok(text.includes(`\`${name}\``), `${name} is not in docs/telemetry.md`)
})
