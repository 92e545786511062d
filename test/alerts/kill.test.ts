import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as passing } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { systemClock } from '#edge/system.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openSettingsAndAlerts, settingsFile } from '#store/settings/open.ts'
import { journalOptions } from '#test/journal/journals.ts'
import { until } from '#test/support/until.ts'
import { spent } from './entries.ts'
import { FakeReceiver, refuses, takes } from './receiver.ts'

const kills = 6
const seed = Number(process.env['TOLLGATE_TEST_SEED'] ?? Date.now() % 1_000_000)
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Every department spends 30 of its 100 with each call, so that the third and the fourth call cross a threshold. */
const departments = Array.from({ length: 20 }, (_, n) => `d${n}`)

function configuration(dataDir: string, url: string): string {
  const budgets = departments.map(
    (name) =>
      `  - {name: ${name}, scope: {department: ${name}}, limits: [{window: month, usd: "100"}], thresholds: [80, 100], on_exceeded: notify}`,
  )
  return `data_dir: ${dataDir}
budgets:
${budgets.join('\n')}
alerts:
  allow_private_urls: true
  receivers: [{name: hook, webhook: {url: "${url}", secret: whsec_c2VjcmV0}}]
  routes: [{receivers: [hook], group_by: [type, budget, model], group_interval: 1s}]
  live: {output_tokens: {default: 100}}
`
}

test(`${kills} kills of the console at random moments lose no alert and double none (seed ${seed})`, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tg-'))
  t.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  const dataDir = join(directory, 'data')
  mkdirSync(join(dataDir, 'run'), { recursive: true })
  const receiver = await moodyReceiver(t)
  const configPath = join(directory, 'tollgate.yaml')
  writeFileSync(configPath, configuration(dataDir, receiver.url))
  const { journal } = await openJournal(
    journalOptions(join(dataDir, 'journal'), { fsync: 'none', segmentBytes: 40_000 }),
  )

  const oversized = new Set<string>()
  let calls = 0
  let ended = false
  t.after(() => {
    ended = true
  })
  const writing = (async () => {
    for (; !ended; await passing(20)) {
      const n = calls++
      const department = departments[Math.floor(n / 4) % departments.length] ?? ''
      const cost = n < departments.length * 4 ? 30n * 10n ** 12n : 0n
      const large = n % 6 === 0
      if (large) oversized.add(`c${n}`)
      const outputTokens = large ? 500 : 5
      await journal.append(spent({ callId: `c${n}`, atMs: Date.now(), model: `m${n}`, department, cost, outputTokens }))
    }
  })()
  for (const delayMs of fc.sample(fc.integer({ min: 0, max: 700 }), { numRuns: kills, seed })) {
    const child = startConsole(configPath)
    t.after(() => child.kill('SIGKILL'))
    const gotBefore = receiver.got.length
    await until('something to be told', () => receiver.got.length > gotBefore || null)
    await passing(delayMs)
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  ended = true
  await writing
  await journal.close()
  receiver.behave = takes

  const last = startConsole(configPath)
  t.after(() => last.kill('SIGKILL'))
  const expected = oversized.size + departments.length * 2
  const idsTold = () => new Set(receiver.taken.flatMap(({ alerts }) => alerts.map(({ id }) => id)))
  await until('every alert to be told', () => idsTold().size >= expected || null)
  t.diagnostic(`${calls} calls, ${expected} alerts, ${receiver.got.length} messages, ${receiver.taken.length} taken`)

  const told = receiver.got.flatMap(({ alerts }) => alerts)
  const byFingerprint = new Map<string, Set<string>>()
  for (const { fingerprint, id } of told)
    byFingerprint.set(fingerprint, (byFingerprint.get(fingerprint) ?? new Set()).add(id))
  assert.deepEqual(
    [...byFingerprint.values()].filter((ids) => ids.size !== 1),
    [],
    'no alert has two ids',
  )
  assert.equal(byFingerprint.size, expected)
  const toldCalls = new Set(
    receiver.taken.flatMap(({ alerts }) => alerts.flatMap(({ labels }) => labels['model']?.replace('m', 'c') ?? [])),
  )
  assert.deepEqual(
    [...oversized].filter((callId) => !toldCalls.has(callId)),
    [],
  )
  const bodies = new Map<string, string>()
  for (const { id, body } of receiver.got) {
    assert.equal(bodies.get(id) ?? body, body, 'a message is the same at every attempt')
    bodies.set(id, body)
  }

  const place = { path: join(dataDir, settingsFile), clock: systemClock }
  const { settings, alerts: store } = await openSettingsAndAlerts(place)
  t.after(() => settings.close())
  const question = { state: null, types: [], severities: [], labels: [], sinceMs: null, limit: 10_000, after: null }
  const written = (await store.alerts(question)).flatMap(({ notifications }) => notifications.map(({ id }) => id))
  assert.deepEqual(new Set(written), new Set(bodies.keys()), 'no message was told that is not in the outbox')
  await until('every delivery to be written down', async () => {
    const alerts = await store.alerts(question)
    const delivered = alerts.filter(({ notifications }) => notifications.every(({ state }) => state === 'delivered'))
    return (alerts.length === expected && delivered.length === expected) || null
  })
})

/** Fails at one message in ten, in all the ways there are. */
async function moodyReceiver(t: TestContext): Promise<FakeReceiver> {
  const receiver = new FakeReceiver()
  await receiver.start()
  t.after(() => receiver.close())
  const moods = fc.sample(fc.nat({ max: 19 }), { numRuns: 1_000, seed })
  let turn = 0
  receiver.behave = async (response) => {
    const mood = moods[turn++ % moods.length]
    if (mood === 0) return refuses(503, { 'retry-after': '1' })(response)
    if (mood === 1) {
      response.destroy()
      return false
    }
    if (mood === 2) await passing(50)
    return takes(response)
  }
  return receiver
}

function startConsole(configPath: string): ChildProcess {
  const env = { PATH: process.env['PATH'] ?? '', TOLLGATE_CONFIG: configPath, TOLLGATE_LOG_LEVEL: 'error' }
  return spawn(process.execPath, [main, 'run', 'console'], { env, stdio: ['ignore', 'inherit', 'inherit'] })
}
