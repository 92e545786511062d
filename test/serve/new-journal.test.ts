import assert from 'node:assert/strict'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseUsd } from '#core/money/usd-text.ts'
import { forge, framesOf } from '#test/journal/forging.ts'
import { Tollgate, type Workplace, workplace } from './tollgate.ts'

const budget = 'budgets: [{name: all, limits: [{usd: "1000", window: month}], on_exceeded: notify}]\n'

/** Runs Tollgate for some calls, and stops it in order. */
async function served(t: TestContext, place: Workplace, { calls, key }: { calls: number; key: string }) {
  const tollgate = new Tollgate(t, place, ['serve'])
  const { address, key: made } = await tollgate.ready()
  for (let call = 0; call < calls; call++) await ask(address, key === '' ? made : key)
  const [report, budgets] = [await printed(t, place, 'report', '--json'), await printed(t, place, 'budgets', '--json')]
  tollgate.process.kill('SIGTERM')
  assert.equal(await tollgate.exit, 0, tollgate.stderr)
  const { requests, cost_usd: cost } = report.total
  // What is spent is what the report says, however many journals it came from.
  assert.equal(parseUsd(budgets.data[0].limits[0].spent), parseUsd(cost))
  return { key: made, requests, log: tollgate.stderr }
}

async function ask(address: string, key: string): Promise<void> {
  const answer = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', messages: [{ role: 'user', content: 'Hello' }] }),
  })
  assert.equal(answer.status, 200)
  await answer.arrayBuffer()
}

// biome-ignore lint/suspicious/noExplicitAny: what a command prints is looked into as it is.
async function printed(t: TestContext, place: Workplace, ...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await new Tollgate(t, place, args).finished()
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

test('where a damaged journal was moved away, a new one goes on where it ended', async (t) => {
  const place = workplace(t, `drain_ms: 5000\n${budget}`)
  const journal = join(place.dataDir, 'journal')
  const before = await served(t, place, { calls: 5, key: '' })
  assert.equal(before.requests, 5)

  const [segment = ''] = readdirSync(journal).filter((name) => name.endsWith('.tgj'))
  const bytes = readFileSync(join(journal, segment))
  const at = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(join(journal, segment), bytes)
  const refused = await new Tollgate(t, place, ['serve']).finished()
  assert.match(refused.stderr, /move the whole journal directory away/)

  renameSync(journal, join(place.folder, 'journal.old'))
  const after = await served(t, place, { calls: 3, key: before.key })
  assert.equal(after.requests, 8)
  assert.doesNotMatch(after.log, /ingesting failed|is gone|cannot be followed/)
  const verified = await new Tollgate(t, place, ['verify']).finished()
  assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  assert.doesNotMatch(readdirSync(journal).join(' '), new RegExp(segment))

  // And once more, with nobody knowing how far the records had come: the alerts still do.
  renameSync(journal, join(place.folder, 'journal.older'))
  rmSync(join(place.dataDir, 'ingest'), { recursive: true })
  const last = await served(t, place, { calls: 2, key: before.key })
  assert.equal(last.requests, 10)
})

test('settings and checkpoint that are both lost do not have the calls of the journal count twice', async (t) => {
  const place = workplace(t, `drain_ms: 5000\n${budget}`)
  const before = await served(t, place, { calls: 5, key: '' })
  for (const name of readdirSync(place.dataDir)) {
    if (/^(settings\.db|ingest)/.test(name)) rmSync(join(place.dataDir, name), { recursive: true })
  }
  const after = await served(t, place, { calls: 3, key: '' })
  assert.notEqual(after.key, before.key)
  assert.equal(after.requests, 8)
  assert.match(after.log, /under the name of settings that were lost/)
})

test('a journal that was altered while Tollgate was stopped is gone on with, and told of for ever', async (t) => {
  const place = workplace(t, `drain_ms: 5000\n${budget}`)
  const journal = join(place.dataDir, 'journal')
  const { key } = await served(t, place, { calls: 3, key: '' })
  const block = framesOf(journal).find(({ lines }) => lines.some((line) => line.startsWith('{"kind":"settle"')))
  forge(
    journal,
    block?.frame.number ?? 0,
    () => false,
    (line) => line.replace(/"latencyMs":[0-9]/, '"latencyMs":7'),
  )
  const after = await served(t, place, { calls: 2, key })
  assert.match(after.log, /was altered after it was closed: \S+\.tgj, byte \d+: the hash chain is not the one/)
  const verified = await new Tollgate(t, place, ['verify']).finished()
  assert.equal(verified.code, 1)
  assert.match(
    verified.stdout,
    /damaged: \S+, byte \d+: the hash chain is not the one with which the journal was closed/,
  )
})
