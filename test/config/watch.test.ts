import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Config } from '#config/config.ts'
import { loadConfig } from '#config/load.ts'
import { watchConfig } from '#config/watch.ts'
import { systemTimers } from '#edge/system.ts'

/** A file under watch, and what was heard of it so far, one thing after the other. */
function watched(t: TestContext, text: string, { named = true } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-'))
  const path = join(folder, 'tollgate.yaml')
  writeFileSync(path, text)
  const sources = {
    env: named ? { TOLLGATE_CONFIG: path } : {},
    cwd: folder,
    readFile: (file: string) => readFileSync(file, 'utf8'),
  }
  const first = loadConfig(sources)
  assert.ok(first.ok)
  const heard: { config?: Config; notes?: readonly string[]; faults?: readonly string[] }[] = []
  const waiting: (() => void)[] = []
  const hear = (what: (typeof heard)[number]) => {
    heard.push(what)
    for (const wake of waiting.splice(0)) wake()
  }
  const watch = watchConfig({
    sources,
    timers: systemTimers,
    current: first.config,
    source: first.source,
    onConfig: (config, notes) => hear({ config, notes }),
    onFaults: (faults) => hear({ faults }),
  })
  t.after(() => {
    watch.close()
    rmSync(folder, { recursive: true })
  })
  return {
    path,
    watch,
    async next() {
      if (heard.length === 0) await new Promise<void>((wake) => waiting.push(wake))
      return heard.shift()
    },
  }
}

test('a change of the file brings the new configuration', async (t) => {
  const { path, next } = watched(t, 'drain_ms: 1\n')
  writeFileSync(path, 'drain_ms: 22\n')
  assert.equal((await next())?.config?.drainMs, 22)
})

test('a file that is replaced by another is noticed', async (t) => {
  const { path, next } = watched(t, 'drain_ms: 1\n')
  writeFileSync(`${path}.new`, 'drain_ms: 333\n')
  renameSync(`${path}.new`, path)
  assert.equal((await next())?.config?.drainMs, 333)
})

test('a bad file keeps the old configuration and says why; the next good one counts', async (t) => {
  const { path, watch, next } = watched(t, 'drain_ms: 1\n')
  writeFileSync(path, 'drain_ms: soon\n')
  watch.reload()
  const bad = await next()
  assert.equal(bad?.config, undefined)
  assert.match(bad?.faults?.[0] ?? '', /drain_ms \(line 1\)/)
  writeFileSync(path, 'drain_ms: 4\n')
  watch.reload()
  assert.equal((await next())?.config?.drainMs, 4)
})

for (const named of [true, false]) {
  test(`a file that is gone keeps the configuration, ${named ? 'named' : 'or not'} in the environment`, async (t) => {
    const { path, next } = watched(t, 'drain_ms: 1\n', { named })
    rmSync(path)
    const gone = await next()
    assert.equal(gone?.config, undefined)
    assert.match(gone?.faults?.[0] ?? '', /does not exist/)
    writeFileSync(path, 'drain_ms: 1\n')
    assert.equal((await next())?.config?.drainMs, 1)
  })
}

test('a file that is emptied, to be written anew, keeps the configuration', async (t) => {
  const { path, next } = watched(t, 'drain_ms: 1\n')
  writeFileSync(path, '')
  assert.match((await next())?.faults?.[0] ?? '', /tollgate\.yaml: is empty/)
  writeFileSync(path, 'drain_ms: 6\n')
  assert.equal((await next())?.config?.drainMs, 6)
})

test('a file that was empty at the start may stay so, but what was written into it since is kept', async (t) => {
  const { path, watch, next } = watched(t, '')
  watch.reload()
  assert.equal((await next())?.faults, undefined)
  writeFileSync(path, 'drain_ms: 7\n')
  watch.reload()
  assert.equal((await next())?.config?.drainMs, 7)
  writeFileSync(path, '')
  watch.reload()
  const emptied = await next()
  assert.equal(emptied?.config, undefined)
  assert.match(emptied?.faults?.[0] ?? '', /is empty/)
})

test('a file that cannot even be looked at keeps the configuration, and is looked at again', async (t) => {
  const { path, next } = watched(t, 'drain_ms: 1\n')
  rmSync(path)
  symlinkSync(path, path)
  assert.match((await next())?.faults?.[0] ?? '', /cannot be read \(ELOOP\)/)
  rmSync(path)
  writeFileSync(path, 'drain_ms: 5\n')
  assert.equal((await next())?.config?.drainMs, 5)
})

test('what needs a restart is said', async (t) => {
  const { path, watch, next } = watched(t, 'listen: 4000\n')
  writeFileSync(path, 'listen: 4001\n')
  watch.reload()
  assert.match((await next())?.notes?.join() ?? '', /listen has changed/)
})

test('a bad budget keeps the budgets that hold, and says where it is bad', async (t) => {
  const budget = (usd: string) => `budgets: [{name: a, limits: [{window: day, usd: ${usd}}]}]\n`
  const { path, watch, next } = watched(t, budget('5'))
  writeFileSync(path, budget('-5'))
  watch.reload()
  const bad = await next()
  assert.equal(bad?.config, undefined)
  assert.match(bad?.faults?.[0] ?? '', /budgets\[0\]\.limits\[0\]\.usd \(line 1\): is negative/)
  writeFileSync(path, budget('7'))
  watch.reload()
  const [limit] = (await next())?.config?.budgets[0]?.limits ?? []
  assert.deepEqual(limit, { quantity: 'usd', window: 'day', picoUsd: 7n * 10n ** 12n })
})
