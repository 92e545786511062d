import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Gauge, Histogram, Registry } from 'prom-client'
import { readConsoleMetrics } from '#edge/console/metrics.ts'

/** Long: a busy machine is no fault. */
const patienceMs = 10_000

test('what a registry tells arrives as it is, with what JSON has no word for', async (t) => {
  const registry = new Registry()
  const registers = [registry]
  new Gauge({ name: 'a_gauge', help: 'a', labelNames: ['by'], registers }).set({ by: 'x"\n' }, 2.5)
  new Gauge({ name: 'unknown_gauge', help: 'b', registers }).set(Number.NaN)
  new Histogram({ name: 'a_histogram', help: 'c', buckets: [1], registers }).observe(0.5)
  const said = await registry.getMetricsAsJSON()
  const socket = await answering(t, (response) => response.end(JSON.stringify(said)))
  const read = await readConsoleMetrics(socket, patienceMs)
  assert.deepEqual(
    read?.map(({ name }) => name),
    ['a_gauge', 'unknown_gauge', 'a_histogram'],
  )
  assert.deepEqual(read[0]?.values, [{ value: 2.5, labels: { by: 'x"\n' } }])
  assert.ok(Number.isNaN(read[1]?.values[0]?.value))
  // A value that is not there does not come over.
  assert.deepEqual(read[2]?.values, JSON.parse(JSON.stringify(said[2]?.values)))
})

test('nobody there, nobody any more, or something else: null', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tg-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  assert.equal(await readConsoleMetrics(join(folder, 'none.sock'), patienceMs), null)
  const file = join(folder, 'file.sock')
  writeFileSync(file, '')
  assert.equal(await readConsoleMetrics(file, patienceMs), null)
})

test('who does not answer in time is as good as away, wherever he stops', async (t) => {
  const silent = await answering(t, () => undefined)
  assert.equal(await readConsoleMetrics(silent, 100), null)
  const stuck = await answering(t, (response) => response.writeHead(200).write('[{"name":'))
  assert.equal(await readConsoleMetrics(stuck, 100), null)
})

const good = { name: 'a', help: 'b', type: 'gauge', aggregator: 'sum', values: [{ value: 1, labels: {} }] }
const wrong: Readonly<Record<string, unknown>> = {
  'no list': {},
  'a list of nothing known': [1],
  'a name that is none': [{ ...good, name: 'a b' }],
  'no help': [{ ...good, help: undefined }],
  'another type': [{ ...good, type: 'thing' }],
  'values that are no list': [{ ...good, values: 'no' }],
  'no labels': [{ ...good, values: [{ value: 1 }] }],
  'a label that is none': [{ ...good, values: [{ value: 1, labels: { 'a b': 'c' } }] }],
  'a label that is no text': [{ ...good, values: [{ value: 1, labels: { a: {} } }] }],
  'a value that is no number': [{ ...good, values: [{ value: '1', labels: {} }] }],
  'a sample of a name that is none': [{ ...good, values: [{ value: 1, labels: {}, metricName: '1\n2' }] }],
  'something sound before': [good, null],
}
for (const [name, said] of Object.entries(wrong)) {
  test(`nonsense is not taken for metrics: ${name}`, async (t) => {
    const socket = await answering(t, (response) => response.end(JSON.stringify(said)))
    assert.equal(await readConsoleMetrics(socket, patienceMs), null)
  })
}

test('an answer that is no JSON, breaks off, never ends or says no', async (t) => {
  const answers: ((response: ServerResponse) => unknown)[] = [
    (response) => response.end('tollgate_up 1'),
    (response) => response.writeHead(200, { 'content-length': 100 }).write('[', () => response.destroy()),
    (response) => response.destroy(),
    (response) => flood(response),
    (response) => response.writeHead(500).end('[]'),
  ]
  for (const answer of answers) {
    assert.equal(await readConsoleMetrics(await answering(t, answer), patienceMs), null)
  }
})

function flood(response: ServerResponse): void {
  const bytes = Buffer.alloc(1024 * 1024, ' ')
  const more = () => {
    while (!response.destroyed && response.write(bytes));
  }
  response.on('drain', more)
  more()
}

async function answering(t: TestContext, answer: (response: ServerResponse) => unknown): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tg-'))
  const server = createServer((request, response) => {
    if (request.url === '/metrics') answer(response)
    else response.writeHead(404).end()
  })
  const path = join(folder, 'admin.sock')
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true, force: true })
  })
  return path
}
