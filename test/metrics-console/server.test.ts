import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readConsoleMetrics } from '#edge/console/metrics.ts'
import { Tollgate, workplace } from '#test/serve/tollgate.ts'
import { ClickHouse } from '#test/support/clickhouse.ts'
import { until } from '#test/support/until.ts'
import { samplesOf } from './console.ts'

test('the lag is known while the server has never answered, and after it died', async (t) => {
  const place = workplace(t, 'drain_ms: 5000\nstore: {clickhouse_url: "${STORE}"}\n')
  const server = new ClickHouse(join(place.folder, 'server'))
  await server.start()
  t.after(() => server.stop())
  const env = { STORE: server.url() }
  const socket = join(place.dataDir, 'run', 'admin.sock')
  await server.stop()

  const first = await serving(t, place, env)
  await first.call(2)
  await shows(socket, { records: 2, seconds: 'some', up: 0, stopped: 1, brought: 0 })

  await server.start()
  await shows(socket, { records: 0, seconds: 0, up: 1, stopped: 0, brought: 2 })
  assert.equal(failures(await samples(socket)), 0)

  // Idle, nothing is asked of it: its death shows all the same.
  await server.kill()
  await shows(socket, { records: 0, seconds: 0, up: 0, stopped: 0, brought: 2 })
  await first.call(3)
  await shows(socket, { records: 3, seconds: 'some', up: 0, stopped: 1, brought: 2 })
  assert.ok(failures(await samples(socket)) > 0)

  // What came in before is no lag of the next process either, though it cannot ask the store.
  await first.end()
  const second = await serving(t, place, env)
  await second.call(1)
  await shows(socket, { records: 4, seconds: 'some', up: 0, stopped: 1, brought: 0 })
  await server.start()
  await shows(socket, { records: 0, seconds: 0, up: 1, stopped: 0, brought: 4 })
})

async function serving(t: TestContext, place: ReturnType<typeof workplace>, env: Record<string, string>) {
  const tollgate = new Tollgate(t, place, ['serve'], env)
  const { address, key } = await tollgate.ready()
  await tollgate.says(/console is ready/, 'stderr')
  keys.push(key)
  const authorization = `Bearer ${keys.find((one) => one !== '')}`
  return {
    async call(count: number) {
      const body = JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'hello' }] })
      for (let i = 0; i < count; i++) {
        const headers = { authorization, 'content-type': 'application/json' }
        const answer = await fetch(`${address}/v1/chat/completions`, { method: 'POST', headers, body })
        assert.equal(answer.status, 200, await answer.text())
      }
    },
    async end() {
      tollgate.process.kill('SIGTERM')
      await tollgate.exit
    },
  }
}

/** The first start shows it. */
const keys: string[] = []

interface Shown {
  readonly records: number
  readonly seconds: 0 | 'some'
  readonly up: 0 | 1
  readonly stopped: 0 | 1
  readonly brought: number
}

async function samples(socket: string): Promise<ReadonlyMap<string, number>> {
  return samplesOf((await readConsoleMetrics(socket, 5_000)) ?? [])
}

function failures(said: ReadonlyMap<string, number>): number {
  return said.get('tollgate_store_insert_failures_total') ?? Number.NaN
}

async function shows(socket: string, expected: Shown): Promise<void> {
  let seen: unknown = null
  try {
    await until('metrics', async () => {
      const said = await samples(socket)
      const seconds = said.get('tollgate_ingest_lag_seconds')
      seen = {
        records: said.get('tollgate_ingest_lag_records'),
        seconds: seconds !== undefined && seconds > 0 ? 'some' : seconds,
        up: said.get('tollgate_store_up'),
        stopped: said.get('tollgate_ingest_stopped'),
        brought: said.get('tollgate_ingest_records_total'),
      }
      return JSON.stringify(seen) === JSON.stringify(expected) ? true : null
    })
  } catch (cause) {
    throw new Error(`expected ${JSON.stringify(expected)}, last seen ${JSON.stringify(seen)}`, { cause })
  }
}
