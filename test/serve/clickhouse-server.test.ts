import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openServer } from '#store/usage/client.ts'
import { ClickHouse } from '#test/support/clickhouse.ts'
import { until } from '#test/support/until.ts'
import { Tollgate, type Workplace, workplace } from './tollgate.ts'

const config = 'drain_ms: 5000\nstore: {clickhouse_url: "${STORE}"}\n'

test('a server that is down at the start, and dies later, delays reports and loses nothing', async (t) => {
  const { place, server } = await ground(t)
  const env = { STORE: server.url({ database: 'llm_costs' }) }
  await server.stop()
  const tollgate = new Tollgate(t, place, ['serve'], env)
  const { address, key } = await tollgate.ready()
  await call(address, key)
  await tollgate.says(/the ClickHouse server cannot be used: connect ECONNREFUSED/, 'stderr')
  await tollgate.says(/console is ready/, 'stderr')
  const early = await report(t, place, env)
  assert.equal(early.code, 1)
  assert.match(early.stderr, /the ClickHouse server cannot be used: connect ECONNREFUSED/)

  await server.start()
  await tollgate.says(/the ClickHouse server answers now/, 'stderr')
  await reported(1)
  await server.kill()
  await call(address, key)
  await server.start()
  await reported(2)
  const database = openServer(env.STORE)
  const stored = await database.select('SELECT database, total_rows FROM system.tables WHERE name = {name:String}', {
    name: 'usage',
  })
  await database.close()
  assert.deepEqual(stored, [{ database: 'llm_costs', total_rows: '2' }])

  async function reported(requests: number): Promise<void> {
    await until(`a report of ${requests}`, async () => {
      const { code, stdout } = await report(t, place, env)
      return code === 0 && JSON.parse(stdout).total.requests === requests ? true : null
    })
  }
})

test('a wrong password is said, and never shown; calls are served', async (t) => {
  const { place, server } = await ground(t)
  const env = { STORE: server.url({ secret: 'not-the-password' }) }
  const tollgate = new Tollgate(t, place, ['serve'], env)
  const { address, key } = await tollgate.ready()
  await tollgate.says(/cannot be used: tollgate-writer: Authentication failed: password is incorrect/, 'stderr')
  await call(address, key)
  await tollgate.says(/console is ready/, 'stderr')
  const { code, stderr } = await report(t, place, env)
  assert.equal(code, 1)
  assert.match(stderr, /tollgate-writer: Authentication failed: password is incorrect/)
  assert.doesNotMatch(tollgate.stdout + tollgate.stderr + stderr, /not-the-password/)
})

test('a report without a console, of a server that is down, ends and says so', async (t) => {
  const { place, server } = await ground(t)
  const env = { STORE: server.url() }
  const tollgate = new Tollgate(t, place, ['serve'], env)
  await tollgate.ready()
  tollgate.process.kill('SIGTERM')
  await tollgate.exit
  await server.stop()
  const { code, stderr } = await report(t, place, env)
  assert.equal(code, 1)
  assert.match(stderr, /the ClickHouse server cannot be used: connect ECONNREFUSED/)
})

/** A folder whose configuration names a server by its address, and the server, running. */
async function ground(t: TestContext): Promise<{ place: Workplace; server: ClickHouse }> {
  const place = workplace(t, config)
  const server = new ClickHouse(join(place.folder, 'server'))
  await server.start()
  t.after(() => server.stop())
  return { place, server }
}

async function call(address: string, key: string): Promise<void> {
  const response = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', messages: [{ role: 'user', content: 'Hello' }] }),
  })
  assert.equal(response.status, 200)
  await response.arrayBuffer()
}

function report(t: TestContext, place: Workplace, env: Record<string, string>) {
  return new Tollgate(t, place, ['report', '--json', '--config', place.configPath], env).finished()
}
