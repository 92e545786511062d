import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '#config/load.ts'
import { createLog } from '#lib/log.ts'
import { openFollower } from '#store/journal/reader.ts'
import { writtenJournal } from '#test/journal/journals.ts'
import { VirtualTime } from '#test/journal/virtual-time.ts'
import { until } from '#test/support/until.ts'
import { Retention } from './retention.ts'

const hourMs = 3_600_000

test('segments are compressed at once, and all deleted in time, also where nothing comes any more', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tg-retention-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const text = `data_dir: ${dataDir}\nproviders: [{name: openai, kind: openai, api_key: sk-some-key-of-the-test}]\nretention: {journal_days: 3}\n`
  const loaded = loadConfig({ env: { TOLLGATE_CONFIG: 'test.yaml' }, cwd: dataDir, readFile: () => text })
  assert.ok(loaded.ok)
  const time = new VirtualTime()
  const journal = join(dataDir, 'journal')
  await writtenJournal(journal, 40, { clock: time })
  const follower = await openFollower({ dir: journal, position: null })
  const position = (await follower.next(1_000)).at(-1)?.after
  await follower.close()
  assert.ok(position)

  const lines: string[] = []
  const log = createLog({ level: 'trace', format: 'json', name: 'console' }, { write: (line) => lines.push(line) })
  const forgotten: number[] = []
  const store = { forgetRecords: async (nowMs: number) => void forgotten.push(nowMs) }
  const retention = new Retention({ config: loaded.config, store, log, time, position: null })
  t.after(() => retention.close())
  retention.saved(position)
  const plain = () => readdirSync(journal).filter((name) => name.endsWith('.tgj'))
  const packed = () => readdirSync(journal).filter((name) => name.endsWith('.zst'))
  await until('the segments to be compressed', () => (plain().length === 1 ? true : null))
  assert.ok(packed().length > 1)
  assert.deepEqual(forgotten, [])
  await until('what is too old to be deleted', async () => {
    await time.pass(hourMs)
    return packed().length === 0 ? true : null
  })
  const [first = 0] = forgotten
  assert.ok(first - 1_790_000_000_000 >= 24 * hourMs)
  assert.ok(time.monotonicMs() >= 72 * hourMs)
  assert.deepEqual(lines, [])
})
