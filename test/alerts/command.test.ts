import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { until } from '#test/support/until.ts'
import { refuses } from './receiver.ts'
import { hook, Side } from './side.ts'
import { terminalOf } from './terminal.ts'

const config = (receivers: string) => `alerts:
  allow_private_urls: true
  receivers: [${receivers}]
  routes: [{receivers: [ops], group_by: [model], group_interval: 1s}]
  live: {output_tokens: {default: 100}}
`

async function terminal(t: TestContext) {
  const side = await Side.open(t)
  const receiver = await side.receiver()
  await side.start(config(hook('ops', receiver)))
  const run = terminalOf(side)
  return { side, receiver, run }
}

test('alerts are listed with who was told, for people and for programs', async (t) => {
  const { side, run } = await terminal(t)
  assert.match(await run(), /^No alerts since 7d/)
  await side.spend({ outputTokens: 500, model: 'm1' })
  const [alert] = await side.settled(1)
  const lines = (await run()).trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^since \(UTC\) +status +severity +type +told +what +id$/)
  assert.match(lines[2] ?? '', /firing +warning +oversized_request +ops ok /)
  assert.ok(lines[2]?.endsWith(alert?.id ?? '?'))
  assert.equal(JSON.parse(await run('--json')).data[0].id, alert?.id)
  assert.match(await run('--status', 'resolved'), /^No alerts/)
  assert.match(await run('--label', 'model=m1', '--label', 'type=oversized_request'), /oversized_request/)
  await assert.rejects(run('--type', 'colour'), /type: expected any of budget_threshold/)
})

test('a test says what the receiver answered', async (t) => {
  const { receiver, run } = await terminal(t)
  assert.match(await run('test', 'ops'), /^ops took the test message \(\d+ ms\): \S/)
  assert.equal(receiver.taken.length, 1)
  assert.equal(JSON.parse(await run('test', 'ops', '--json')).status, 200)
  await assert.rejects(run('test', 'nobody'), /no receiver nobody.*There are ops/)
  receiver.behave = refuses(500)
  assert.match(await run('test', 'ops'), /^ops did NOT take the test message .*500/)
  process.exitCode = 0
})

test('a silence is made, shown and ended', async (t) => {
  const { side, receiver, run } = await terminal(t)
  assert.equal(await run('silences'), 'There are no silences.\n')
  const made = await run('silence', '--match', 'model=m1', '--match', 'model=m2', '--for', '2h', '--comment', 'known')
  const [id = ''] = /^sil_\w+/.exec(made) ?? []
  assert.match(await run('silences'), new RegExp(`^${id} +model=m1\\|m2 .* known$`, 'm'))
  for (const model of ['m1', 'm2', 'm3']) await side.spend({ outputTokens: 500, model })
  await side.settled(3)
  await until('the third to be told', () => receiver.got.length > 0 || null)
  assert.deepEqual(
    receiver.got.map(({ alerts: [alert] }) => alert?.labels['model']),
    ['m3'],
  )
  assert.equal(await run('unsilence', id), `${id} has ended.\n`)
  await assert.rejects(run('unsilence', id), /no silence/)
  await assert.rejects(run('silence', '--match', 'model', '--for', '2h'), /expected label=value/)
})

test('an alert is told again', async (t) => {
  const { side, receiver, run } = await terminal(t)
  await side.spend({ outputTokens: 500, model: 'm1' })
  const [alert] = await side.settled(1)
  assert.equal(await run('replay', alert?.id ?? ''), '1 message is sent again.\n')
  await until('it to come again', () => receiver.got.length === 2 || null)
  await assert.rejects(run('replay', 'nothing'), /no alert nothing/)
})
