import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseExposition } from '#test/support/exposition.ts'
import { callDefinitions as calls } from './definitions.ts'
import { expose } from './exposition.ts'
import { type Definition, familyOf, sampleOf } from './family.ts'
import { HistogramCell } from './histogram-cell.ts'

const gauge: Definition = { name: 'g', type: 'gauge', labels: ['a', 'b'], help: 'Says "so" \\ and\nmore.' }
const anything = fc.string({ unit: 'grapheme', maxLength: 12 })

test('whatever stands in a label is read again as it was, in both formats', async () => {
  await fc.assert(
    fc.asyncProperty(anything, anything, fc.double({ noNaN: true, noDefaultInfinity: true }), async (a, b, value) => {
      for (const format of ['text', 'openmetrics'] as const) {
        const text = await expose([familyOf(gauge, [sampleOf(gauge, [a, b], value)])], format)
        const [sample] = parseExposition(text, format).get('g')?.samples ?? []
        assert.deepEqual(sample?.labels, { a, b })
        assert.equal(sample?.value, value + 0)
      }
    }),
  )
})

test('a counter keeps the name of its samples in both formats, also where a contract gave it an odd one', async () => {
  const families = [
    familyOf(calls.requests, [sampleOf(calls.requests, ['p', 'm', 'chat.completions', 200], 3)]),
    familyOf(calls.costCents, [sampleOf(calls.costCents, ['p', 'm', 'input'], 0.25)]),
  ]
  const text = parseExposition(await expose(families, 'text'), 'text')
  const open = parseExposition(await expose(families, 'openmetrics'), 'openmetrics')
  assert.deepEqual(
    [text.get('ai_api_requests_total')?.type, text.get('ai_api_cost_usd_cents')?.type],
    ['counter', 'counter'],
  )
  assert.deepEqual([open.get('ai_api_requests')?.type, open.get('ai_api_cost_usd_cents')?.type], ['counter', 'unknown'])
  const names = (families: typeof text) =>
    [...families.values()].flatMap(({ samples }) => samples.map(({ name }) => name))
  assert.deepEqual(names(text), ['ai_api_requests_total', 'ai_api_cost_usd_cents'])
  assert.deepEqual(names(open), names(text))
})

test('a bucket shows the last call that fell into it, and only where OpenMetrics is spoken', async () => {
  const cell = new HistogramCell(calls.duration)
  cell.observeCall(10, 'on-the-bound', 1_000)
  cell.observeCall(7, 'the-last', 2_500)
  cell.observeCall(20_000, 'beyond', 3_000)
  cell.observeCall(40, 'x'.repeat(119), 4_000)
  const families = [familyOf(calls.duration, cell.samples(calls.duration, ['p', 'm', 'e']))]
  const open = parseExposition(await expose(families, 'openmetrics'), 'openmetrics')
  const shown = open.get('ai_api_request_duration_milliseconds')?.samples ?? []
  const exemplars = shown.flatMap(({ labels, exemplar }) => (exemplar === null ? [] : [[labels['le'], exemplar]]))
  assert.deepEqual(exemplars, [
    ['10', { labels: { request_id: 'the-last' }, value: 7 }],
    ['+Inf', { labels: { request_id: 'beyond' }, value: 20_000 }],
  ])
  const text = await expose(families, 'text')
  assert.equal(text.includes('the-last'), false)
  const plain = parseExposition(text, 'text').get('ai_api_request_duration_milliseconds')?.samples ?? []
  assert.deepEqual(
    plain.filter(({ name }) => !name.endsWith('_bucket')).map(({ value }) => value),
    [20_057, 4],
  )
  assert.deepEqual(
    plain.slice(0, 4).map(({ value }) => value),
    [2, 2, 3, 3],
  )
})

test('nothing to show is an exposition without a family', async () => {
  assert.equal(await expose([familyOf(gauge, [])], 'openmetrics'), '# EOF\n')
})

test('a family without room is left out and counted, and the others are there', async () => {
  const long = familyOf(gauge, [sampleOf(gauge, ['x'.repeat(2_000), ''], 1)])
  const asked = [long, familyOf(calls.clientsLeft, [sampleOf(calls.clientsLeft, [], 7)])]
  for (const format of ['text', 'openmetrics'] as const) {
    for (const [most, leftOut] of [
      [1_000, 1],
      [4_000, 0],
    ] as const) {
      const read = parseExposition(await expose(asked, format, most), format)
      assert.equal(read.has('g'), leftOut === 0)
      const [clients] = [...read].filter(([name]) => name.startsWith('tollgate_clients_left'))
      assert.equal(clients?.[1].samples[0]?.value, 7)
      assert.equal(read.get('tollgate_metrics_left_out')?.samples[0]?.value ?? 0, leftOut)
    }
  }
})
