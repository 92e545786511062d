import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { chat, pidOf, Tollgate, workplace } from './tollgate.ts'

/** Of each of its threads, but for the one that keeps house in ClickHouse and raises itself where it is allowed to. */
function prioritiesOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`)
  const others = threads.filter(
    (thread) => !/^MemoryWorker/.test(readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8')),
  )
  return others.map((thread) => getPriority(Number(thread)))
}

// One for all of them, one after another: to start it costs more than what is asked of it.
test('tollgate serve, while it runs', { timeout: 240_000 }, async (t) => {
  const place = workplace(t)
  const tollgate = new Tollgate(t, place, ['serve'])
  const { address, key } = await tollgate.ready()
  await tollgate.says(/console is ready/, 'stderr')
  let calls = 0
  const call = async (withKey = key, to = address): Promise<void> => {
    assert.equal((await chat(to, withKey)).status, 200)
    calls += 1
  }
  const reported = async (): Promise<number> => {
    const args = ['report', '--by', 'department', '--json', '--config', place.configPath]
    const { code, stdout, stderr } = await new Tollgate(t, place, args).finished()
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout).total.requests
  }

  await t.test('a second start on the same data directory says who holds it', async () => {
    const { code, stderr } = await new Tollgate(t, place, ['serve']).finished()
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`^tollgate: .*in use by process ${tollgate.process.pid} `))
    assert.equal(stderr.trim().split('\n').length, 1)
  })

  await t.test('the console lets the gateway have the processor first, with every thread of its engine', async () => {
    await call()
    assert.equal(await reported(), calls)
    const usual = getPriority()
    const ofConsole = prioritiesOf(pidOf(tollgate, 'console'))
    assert.ok(ofConsole.length > 7, 'threads that Node.js itself does not have')
    assert.deepEqual(new Set(ofConsole), new Set([Math.min(19, usual + 10)]))
    assert.deepEqual(new Set(prioritiesOf(pidOf(tollgate, 'gateway'))), new Set([usual]))
  })

  await t.test(
    'a console that is killed touches no call, and what was called meanwhile is reported afterwards',
    async () => {
      process.kill(pidOf(tollgate, 'console'), 'SIGKILL')
      await call()
      await tollgate.says(/console killed by SIGKILL; starting it again[\s\S]*console is ready/, 'stderr')
      await call()
      assert.equal(await reported(), calls)
    },
  )

  await t.test('a changed file takes effect without a restart; a bad one is refused and named', async () => {
    writeFileSync(place.configPath, 'keys: 7\n')
    await tollgate.says(
      /"role":"supervisor","msg":"the new configuration has faults, the old one stays in force: keys \(line 1\)/,
      'stderr',
    )
    writeFileSync(place.configPath, 'keys: [{name: later, key: a-key-that-came-later}]\n')
    await tollgate.says(/"role":"gateway","msg":"the new configuration is in force/, 'stderr')
    await call('a-key-that-came-later')
  })

  await t.test('SIGHUP reads the configuration at once', async () => {
    tollgate.process.kill('SIGHUP')
    await tollgate.says(
      /"role":"supervisor","msg":"the configuration was read again"[\s\S]*"role":"gateway","msg":"the new configuration is in force/,
      'stderr',
    )
    await call()
  })

  await t.test('a gateway that is killed is started again, and calls go on', async () => {
    process.kill(pidOf(tollgate, 'gateway'), 'SIGKILL')
    const again = await tollgate.says(
      /gateway killed by SIGKILL; starting it again[\s\S]*"address":"(http:[^"]+)","msg":"gateway is ready"/,
      'stderr',
    )
    await call(key, again[1])
    assert.equal(await reported(), calls)
  })
})
