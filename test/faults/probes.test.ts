import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatewayAnswers } from '#console/gateway-paths.ts'
import { startStack } from '#test/support/stack.ts'

test('the gateway answers probes as the description of the API says', async (t) => {
  const stack = await startStack({})
  t.after(() => stack.stop())
  for (const path of ['/health', '/ready'] as const) {
    const answer = await fetch(`${stack.url}${path}`)
    assert.equal(answer.status, 200)
    gatewayAnswers[path][200].strict().parse(await answer.json())
    const head = await fetch(`${stack.url}${path}`, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('content-type'), await head.text()], [200, 'application/json', ''])
  }
})
