import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { composeSimulator } from '#compose/simulator/simulator.ts'
import { randomFrom } from '#simulator/random.ts'
import { callKinds, makeCall, newAgent } from '#test/crash/calls.ts'
import { TollgateProcess } from '#test/crash/tollgate-process.ts'
import { until } from '#test/support/until.ts'
import { budgetsAt, checkBooks, type Scopes } from './state.ts'

/** `SEED=… node --test test/budgets/killed.test.ts` runs it again, as far as the machine's own timing allows. */
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

const budgets = [
  'budgets_hold_wait_ms: 20',
  'budgets:',
  '  - {name: all, limits: [{window: day, usd: "100"}, {window: month, requests: 1000000}, {concurrent: 500}]}',
  '  - {name: claude, scope: {model: "claude-*"}, timezone: America/New_York, limits: [{window: week, tokens: 90000000}]}',
  '  - {name: tight, scope: {model: "gpt-4.1"}, limits: [{window: day, usd: "0.04"}]}',
]
const scopes: Scopes = {
  claude: ({ modelRouted }) => modelRouted.startsWith('claude-'),
  tight: ({ modelRouted }) => modelRouted === 'gpt-4.1',
}

async function start(t: TestContext): Promise<TollgateProcess> {
  const timing = { ttftMs: 4, tokensPerSecond: 1500 }
  const simulator = await composeSimulator({ listen: { host: '127.0.0.1', port: 0 }, timing })
  t.after(() => simulator.close())
  const gateway = await TollgateProcess.prepare({ upstream: simulator.address, more: budgets.join('\n') })
  t.after(() => gateway.remove())
  assert.ok(await gateway.start(), gateway.stderr)
  return gateway
}

const check = (gateway: TollgateProcess) => checkBooks(gateway.dataDir, () => gateway.entries(), scopes)

interface Load {
  over: boolean
  /** Calls that got all of their answer. */
  whole: number
}

/** Callers of all kinds, each with one call after the other until it is over. */
async function run(load: Load, gateway: TollgateProcess, random: () => number): Promise<void> {
  const caller = async (name: number) => {
    const agent = newAgent()
    for (let count = 0; !load.over; count++) {
      const kind = callKinds[Math.floor(random() * callKinds.length)]
      if (kind === undefined) throw new Error('there are no kinds of calls')
      const id = `${name}-${count}-${Math.floor(random() * 1e9)}`
      const wishes = `tokens=${1 + Math.floor(random() * 90)}`
      const { fate } = await makeCall(gateway.url, agent, { kind, id, prompt: `${id} Tell me of bridges.`, wishes })
      if (fate === 'whole') load.whole += 1
      // The pace at which callers try again, as clients do.
      if (fate === 'unreached') await pause(5)
    }
    agent.destroy()
  }
  await Promise.all(Array.from({ length: 12 }, (_, name) => caller(name)))
}

/** Runs the load until so many calls more were answered. */
async function answered(load: Load, calls: number): Promise<void> {
  const wanted = load.whole + calls
  await until(`${calls} answers`, () => load.whole >= wanted)
}

test(`after every kill -9 budgets have spent what the ledger says, and hold nothing (seed ${seed})`, async (t) => {
  const random = randomFrom(seed)
  const gateway = await start(t)
  const load: Load = { over: false, whole: 0 }
  for (let death = 0; death < 6; death++) {
    load.over = false
    const loaded = run(load, gateway, random)
    await answered(load, 8)
    await pause(random() * 100)
    // In order once, so that what follows begins from sums that were saved.
    if (death === 1) await gateway.terminate()
    else await gateway.kill()
    load.over = true
    await loaded
    const starting = gateway.start()
    if (death === 3) {
      await pause(random() * 500)
      await gateway.kill()
      await starting
      assert.ok(await gateway.start(), gateway.stderr)
    } else assert.ok(await starting, gateway.stderr)
    const limits = await check(gateway)
    assert.equal(limits.length, 5)
    for (const { budget, available } of limits)
      assert.ok(BigInt(available) >= 0n, `${budget} is exceeded: ${available}`)
  }
  const entries = await gateway.entries()
  const outcomes = new Set(entries.map((entry) => (entry.kind === 'settle' ? entry.outcome : 'open')))
  t.diagnostic(`${load.whole} answered; ${[...outcomes].join(', ')}`)
  assert.ok(outcomes.has('interrupted'), 'no kill met a running call')
})

const faults: readonly (readonly [string, string, RegExp])[] = [
  ['usd: "100"', 'usd: "-1"', /budgets\[0\]\.limits\[0\]\.usd/],
  ['usd: "100"', 'usd: 0', /budgets\[0\]\.limits\[0\]\.usd/],
  ['usd: "100"', 'usd: "1e99"', /budgets\[0\]\.limits\[0\]\.usd/],
  ['usd: "100"', 'usd: plenty', /budgets\[0\]\.limits\[0\]\.usd/],
  ['America/New_York', 'America/New_Work', /budgets\[1\]\.timezone/],
  ['name: tight', 'name: all', /budgets\[2\]\.name/],
]

test('a reload with a fault in a budget is told, and touches nothing', async (t) => {
  const gateway = await start(t)
  const load: Load = { over: false, whole: 0 }
  const loaded = run(load, gateway, randomFrom(7))
  await answered(load, 20)
  load.over = true
  await loaded
  const before = await check(gateway)
  const path = join(gateway.dataDir, 'tollgate.yaml')
  const good = readFileSync(path, 'utf8')
  for (const [written, instead, told] of faults) {
    const said = gateway.stderr.length
    assert.ok(good.includes(written))
    writeFileSync(path, good.replace(written, instead))
    await until(`a fault because of ${instead}`, () => told.test(gateway.stderr.slice(said)))
    assert.deepEqual(
      (await check(gateway)).map(({ budget, limit, spent }) => [budget, limit, spent]),
      before.map(({ budget, limit, spent }) => [budget, limit, spent]),
    )
  }
  writeFileSync(path, good.replace('usd: "100"', 'usd: "99"'))
  await until('the mended file', async () => {
    return (await budgetsAt(gateway.dataDir)).limits[0]?.limit === '99000000000000'
  })
  assert.equal((await check(gateway))[0]?.spent, before[0]?.spent)
})
