import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServer } from '../server/server.ts'
import { createConsoleProxy } from './proxy.ts'

test('a console that is not there is called so, and no provider', async (t) => {
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, writeTimeoutMs: 60_000, connections: 10, knows: () => true, onNotLetIn: () => {} },
    onExchange: createConsoleProxy(join(tmpdir(), 'no-console.sock'), () => true),
  })
  t.after(() => void server.close())
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/usage`)
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1'])
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  const { title, detail } = (await answer.json()) as { title: string; detail: string }
  assert.equal(title, 'Console unavailable')
  assert.equal(
    detail,
    'The console does not answer (connect_failed): no reports and settings at the moment. Calls are served and kept.',
  )
})
