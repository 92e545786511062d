import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ingestFindings } from '#compose/doctor.ts'
import { createConsole } from '#console/app.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { Quarantine } from '#store/ingest/quarantine.ts'
import { noBudgets } from '#test/support/no-budgets.ts'
import { unusedDesk } from '#test/support/unused-desk.ts'

test('the doctor tells what keeps calls from becoming records', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-doctor-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  assert.deepEqual(await ingestFindings(dataDir, false), [])

  new Quarantine(join(dataDir, 'ingest', 'quarantine.jsonl')).add({ blockNo: 1, entryNo: 0, reason: 'r', line: 'x' })
  const silent = await ingestFindings(dataDir, true)
  assert.deepEqual(verdicts(silent), ['quarantine note', 'ingest note'])
  assert.match(silent[0]?.text ?? '', /^1 entry .*quarantine\.jsonl/)

  let fault: string | null = null
  const unused = () => Promise.reject(new Error('not asked'))
  const app = createConsole({
    store: { sums: unused, records: unused },
    ingest: { caughtUp: () => Promise.resolve(), state: () => ({ rows: 1, quarantined: 1, fault }) },
    alerts: unusedDesk,
    budgets: noBudgets,
    clock: systemClock,
    timers: systemTimers,
    version: '0.0.0',
    access: null,
    onFault: () => undefined,
  })
  t.after(() => app.close())
  mkdirSync(join(dataDir, 'run'))
  await app.listen({ path: join(dataDir, 'run', 'admin.sock') })
  assert.deepEqual(verdicts(await ingestFindings(dataDir, true)), ['quarantine note', 'ingest fine'])
  fault = 'the store is full'
  const [, stopped] = await ingestFindings(dataDir, true)
  assert.equal(stopped?.verdict, 'fault')
  assert.match(stopped?.text ?? '', /the store is full/)
})

function verdicts(findings: readonly { topic: string; verdict: string }[]): string[] {
  return findings.map(({ topic, verdict }) => `${topic} ${verdict}`)
}
