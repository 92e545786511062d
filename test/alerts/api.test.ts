import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '#test/support/until.ts'
import { refuses } from './receiver.ts'
import { hook, Side } from './side.ts'

const live = '  live: {output_tokens: {default: 100}}\n'
const config = (receivers: string, routes: string) =>
  `alerts:\n  allow_private_urls: true\n  receivers: [${receivers}]\n  routes: [${routes}]\n${live}`
const toOps = '{receivers: [ops], group_by: [model], group_interval: 1s}'

test('alerts are found by what they are, page by page', async (t) => {
  const side = await Side.open(t)
  const receiver = await side.receiver()
  await side.start(config(hook('ops', receiver), toOps))
  for (let n = 0; n < 7; n++) await side.spend({ outputTokens: 500, model: `m${n}`, department: n < 3 ? 'a' : 'b' })
  await side.settled(7)
  assert.equal((await side.alerts('label=department=a')).length, 3)
  assert.equal((await side.alerts('label=department=a,model=m1&severity=warning&type=oversized_request')).length, 1)
  assert.equal((await side.alerts('label=department=a,model=m5')).length, 0)
  assert.equal((await side.alerts('status=resolved')).length, 0)
  assert.equal((await side.alerts('severity=critical,info')).length, 0)
  assert.equal((await side.alerts('since=1h')).length, 7)
  assert.equal((await side.alerts(`since=${new Date(Date.now() + 60_000).toISOString()}`)).length, 0)
  const seen: string[] = []
  for (let query = 'limit=3'; query !== ''; ) {
    const { body } = await side.ask('GET', `/api/v1/alerts?${query}`)
    for (const { id } of body.data) seen.push(id)
    query = body.next_cursor === null ? '' : `limit=3&cursor=${body.next_cursor}`
  }
  assert.deepEqual(
    seen,
    (await side.alerts()).map(({ id }) => id),
  )
  assert.equal(new Set(seen).size, 7)
})

const refusals: readonly [method: 'GET' | 'POST' | 'DELETE', url: string, body: object | undefined, status: number][] =
  [
    ['GET', '/api/v1/alerts?type=nothing', undefined, 400],
    ['GET', '/api/v1/alerts?severity=grave', undefined, 400],
    ['GET', '/api/v1/alerts?label=department', undefined, 400],
    ['GET', '/api/v1/alerts?since=long+ago', undefined, 400],
    ['GET', '/api/v1/alerts?cursor=x', undefined, 400],
    ['GET', '/api/v1/alerts?limit=0', undefined, 400],
    ['GET', '/api/v1/alerts/nothing', undefined, 404],
    ['POST', '/api/v1/alerts/nothing/replay', undefined, 404],
    ['POST', '/api/v1/receivers/nobody/test', undefined, 404],
    ['DELETE', '/api/v1/silences/nothing', undefined, 404],
    ['POST', '/api/v1/silences', { match: {}, ends_at: '2999-01-01' }, 400],
    ['POST', '/api/v1/silences', { match: { type: [] }, ends_at: '2999-01-01' }, 400],
    ['POST', '/api/v1/silences', { match: { type: '*' } }, 400],
    ['POST', '/api/v1/silences', { match: { type: '*' }, ends_at: '2001-01-01' }, 400],
    ['POST', '/api/v1/silences', { match: { type: '*' }, starts_at: '2999-01-02', ends_at: '2999-01-01' }, 400],
    ['POST', '/api/v1/silences', { match: { type: '*' }, ends_at: '2999-01-01', who: 'me' }, 400],
  ]

test('what cannot be answered is refused with what is wrong', async (t) => {
  const side = await Side.open(t)
  await side.start(config(hook('ops', await side.receiver()), toOps))
  for (const [method, url, body, status] of refusals) {
    const answer = await side.ask(method, url, body)
    assert.equal(answer.status, status, `${method} ${url} ${JSON.stringify(body)}: ${answer.text}`)
    assert.match(answer.body.detail, /\S/)
  }
  assert.deepEqual((await side.ask('GET', '/api/v1/silences')).body.data, [])
})

test('an alert that nobody was told of cannot be told again', async (t) => {
  const side = await Side.open(t)
  await side.start(config(hook('ops', await side.receiver()), '{match: {type: budget_threshold}, receivers: [ops]}'))
  await side.spend({ outputTokens: 500 })
  const [alert] = await side.settled(1)
  const answer = await side.ask('POST', `/api/v1/alerts/${alert?.id}/replay`)
  assert.equal(answer.status, 409)
})

test('nobody is told of what is silenced, until the silence is ended', async (t) => {
  const side = await Side.open(t)
  const receiver = await side.receiver()
  await side.start(config(hook('ops', receiver), toOps))
  const made = await side.ask('POST', '/api/v1/silences', {
    match: { model: 'm1' },
    ends_at: new Date(Date.now() + 3_600_000).toISOString(),
    created_by: 'me',
  })
  assert.equal(made.status, 200)
  assert.deepEqual(made.body.match, { model: ['m1'] })
  await side.spend({ outputTokens: 500, model: 'm1' })
  await side.spend({ outputTokens: 500, model: 'm2' })
  await side.settled(2)
  await until('the other one to be told', () => receiver.got.length > 0 || null)
  assert.deepEqual(
    receiver.got.map(({ alerts: [alert] }) => alert?.labels['model']),
    ['m2'],
  )
  assert.deepEqual((await side.ask('GET', '/api/v1/silences')).body.data, [made.body])
  assert.equal((await side.ask('DELETE', `/api/v1/silences/${made.body.id}`)).status, 200)
  await until('the silenced one to be told', () => receiver.got.length === 2 || null)
  assert.deepEqual((await side.ask('GET', '/api/v1/silences')).body.data, [])
})

test('a test message is a real one, and its answer is told', async (t) => {
  const side = await Side.open(t)
  const [ops, chat] = [await side.receiver(), await side.receiver()]
  chat.behave = refuses(403)
  await side.start(config(`${hook('ops', ops)}, {name: chat, slack: {url: "${chat.url}"}}`, '{receivers: [ops, chat]}'))
  const good = await side.ask('POST', '/api/v1/receivers/ops/test')
  assert.deepEqual([good.body.ok, good.body.status], [true, 200])
  assert.equal(ops.taken[0]?.alerts[0]?.labels['test'], 'true')
  const bad = await side.ask('POST', '/api/v1/receivers/chat/test')
  assert.deepEqual([bad.body.ok, bad.body.status], [false, 403])
  assert.deepEqual(await side.alerts(), [])
})

test('no answer and no line of the log holds an address or a key of a receiver', async (t) => {
  const side = await Side.open(t)
  const [ops, chat] = [await side.receiver(), await side.receiver()]
  chat.behave = refuses(404)
  await side.start(config(`${hook('ops', ops)}, {name: chat, slack: {url: "${chat.url}"}}`, '{receivers: [ops, chat]}'))
  await side.spend({ outputTokens: 500, model: 'm1' })
  await side.settled(2)
  const texts = [
    ...['/api/v1/alerts', '/api/v1/receivers', '/api/v1/silences'].map((url) => side.ask('GET', url)),
    ...['ops', 'chat'].map((name) => side.ask('POST', `/api/v1/receivers/${name}/test`)),
  ]
  for (const { text } of await Promise.all(texts)) {
    for (const secret of [ops.url, chat.url, 'a-secret-of-ops']) assert.ok(!text.includes(secret), text)
  }
  for (const secret of [ops.url, chat.url, 'a-secret-of-ops']) assert.ok(!side.log.includes(secret))
})
