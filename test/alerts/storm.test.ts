import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '#test/support/until.ts'
import { refuses, takes } from './receiver.ts'
import { hook, Side } from './side.ts'

const calls = 2_000

test('a storm of two thousand alerts is a handful of messages, and all of it can be read', async (t) => {
  const side = await Side.open(t)
  const receiver = await side.receiver()
  // While it lasts nobody takes a message: the outbox must not grow by that.
  receiver.behave = refuses(503)
  await side.start(`alerts:
  allow_private_urls: true
  receivers: [${hook('ops', receiver)}]
  routes: [{receivers: [ops], group_by: [type], group_wait: 500ms, group_interval: 1s}]
  live: {output_tokens: {default: 100}}
`)
  await Promise.all(Array.from({ length: calls }, (_, n) => side.spend({ outputTokens: 500, model: `m${n}` })))
  await until('all of them to be known', async () => {
    const { body } = await side.ask('GET', '/api/v1/alerts?limit=1000&label=model=m1999')
    return body.data.length > 0 || null
  })
  const { waiting } = (await side.ask('GET', '/api/v1/receivers')).body.data[0]
  assert.ok(waiting <= 10, `${waiting} messages wait`)
  receiver.behave = takes
  await until('the receiver to be told', async () => {
    return (await side.ask('GET', '/api/v1/receivers')).body.data[0].waiting === 0 && receiver.taken.length > 0
      ? true
      : null
  })
  assert.ok(receiver.taken.length <= 10, `${receiver.taken.length} messages`)
  for (const { alerts } of receiver.taken) assert.ok(alerts.length <= 20)
  const [first] = receiver.taken
  assert.ok(JSON.parse(first?.body ?? '{}').data.truncated > 0, 'it says how many it does not list')
  const seen = new Set<string>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await side.ask('GET', `/api/v1/alerts?limit=1000${cursor === '' ? '' : `&cursor=${cursor}`}`)
    for (const { labels } of body.data) seen.add(labels.model)
    cursor = body.next_cursor
  }
  assert.equal(seen.size, calls)
})
