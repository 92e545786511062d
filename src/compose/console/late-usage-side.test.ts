import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '#config/load.ts'
import { createLog } from '#lib/log.ts'
import { StoreFault } from '#store/usage/client.ts'
import { writtenJournal } from '#test/journal/journals.ts'
import { until } from '#test/support/until.ts'
import { LateUsageSide } from './late-usage-side.ts'
import type { UsageSide } from './usage-side.ts'

function configOf(t: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), 'tg-late-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const text = `data_dir: ${dataDir}\nproviders: [{name: openai, kind: openai, api_key: sk-some-key-of-the-test}]\n`
  const loaded = loadConfig({ env: { TOLLGATE_CONFIG: 'test.yaml' }, cwd: dataDir, readFile: () => text })
  assert.ok(loaded.ok)
  return loaded.config
}

/** Of the files of that folder that this process has open. */
function descriptorsIn(folder: string): number[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith(folder) ? [Number(name)] : []
    } catch {
      return []
    }
  })
}

const nothing: UsageSide['ingest'] = {
  caughtUp: async () => undefined,
  state: () => ({
    position: null,
    settled: 0,
    rows: 7,
    quarantined: 0,
    rejected: 0,
    repaired: 0,
    fault: null,
    storeFault: false,
  }),
  lag: async () => ({ records: 0, ageMs: 0 }),
}

test('a store that was opened is not opened again for what could not be closed', async (t) => {
  const config = configOf(t)
  const journal = join(config.dataDir, 'journal')
  await writtenJournal(journal, 3)
  const lines: string[] = []
  const log = createLog({ level: 'trace', format: 'json', name: 'console' }, { write: (line) => lines.push(line) })
  const { promise: opening, resolve } = Promise.withResolvers<UsageSide>()
  let begun = 0
  const late = new LateUsageSide({
    ...{ config, log, opening, longestRetryMs: 1 },
    said: { absent: 'no store', there: 'a store' },
    begin: async () => {
      begun++
      throw new StoreFault('store_unreachable', 'no second one')
    },
  })
  t.after(() => late.close().catch(() => undefined))
  assert.equal((await late.ingest.lag()).records, 3)
  // As a disk that has failed: nothing that was open there can be closed.
  for (const descriptor of descriptorsIn(journal)) closeSync(descriptor)
  const store: UsageSide['store'] = late.store
  resolve({ store, ingest: nothing, storeUp: async () => true, close: async () => undefined })
  await until('it to be told', () => lines.find((line) => line.includes('EBADF')) ?? null)
  assert.match(lines.join(''), /"msg":"a store".*\n.*could not be closed/)
  assert.doesNotMatch(lines.join(''), /no store/)
  assert.equal(late.ingest.state().rows, 7)
  assert.equal(begun, 0)
})
