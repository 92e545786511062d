import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { dataDirectory, diagnose, ingestFindings, providerFindings } from '#compose/commands/doctor.ts'
import { noteConsoleFault } from '#compose/processes/console-fault.ts'
import { environmentProviders } from '#config/defaults.ts'
import { loadConfig } from '#config/load.ts'
import { Quarantine } from '#store/ingest/quarantine.ts'
import { caughtUp, madeConsole } from '#test/support/made-console.ts'

test('the doctor names every variable that turns a provider on', () => {
  const found = (env: Readonly<Record<string, string>>) => {
    const none = () => {
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    }
    const loaded = loadConfig({ env, cwd: '/', readFile: none })
    assert.ok(loaded.ok)
    return providerFindings(loaded.config).map(({ verdict, text }) => `${verdict}: ${text}`)
  }
  const [advice = '', ...more] = found({})
  assert.deepEqual(more, [])
  for (const { variable, name, kind } of environmentProviders) {
    assert.match(advice, new RegExp(`\\b${variable}\\b`))
    const [real = ''] = found({ [variable]: 'sk-of-the-test' })
    assert.match(real, new RegExp(`^fine: ${name} \\(${kind}\\) https://.*, key present$`))
  }
})

test('the doctor tells whose data directory others can look into', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-doctor-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const journal = { fsync: 'group', groupMs: 1, segmentBytes: 1, minFreeBytes: 0 } as const
  const found = async () => verdicts((await dataDirectory({ dataDir, journal })).findings)
  assert.deepEqual(await found(), ['data fine', 'disk fine'])
  chmodSync(dataDir, 0o755)
  const { findings } = await dataDirectory({ dataDir, journal })
  assert.deepEqual(verdicts(findings), ['data fine', 'data note', 'disk fine'])
  assert.match(findings[1]?.text ?? '', /open to all users of this machine \(mode 0755\); close it: chmod 700/)
})

test('the doctor goes on where the data directory cannot be one, and tells of an admin token that could be guessed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-doctor-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'file')
  writeFileSync(dataDir, '')
  const place = { TOLLGATE_DATA_DIR: dataDir, TOLLGATE_CONFIG: '/dev/null', TOLLGATE_LISTEN: '127.0.0.1:0' }
  const findings = await diagnose({ ...place, TOLLGATE_ADMIN_TOKEN: 'guess me' })
  const told = findings.filter(({ topic }) => topic === 'data' || topic === 'configuration')
  assert.deepEqual(verdicts(told), ['configuration fine', 'configuration note', 'data fault'])
  assert.match(told[1]?.text ?? '', /^environment TOLLGATE_ADMIN_TOKEN: is shorter/)
})

test('the doctor tells what keeps calls from becoming records', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-doctor-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  assert.deepEqual(await ingestFindings(dataDir, false), [])

  new Quarantine(join(dataDir, 'ingest', 'quarantine.jsonl')).add({ blockNo: 1, entryNo: 0, reason: 'r', line: 'x' })
  const silent = await ingestFindings(dataDir, true)
  assert.deepEqual(verdicts(silent), ['quarantine note', 'ingest note'])
  assert.match(silent[0]?.text ?? '', /^1 entry .*quarantine\.jsonl/)
  mkdirSync(join(dataDir, 'run'))
  noteConsoleFault(dataDir, 'cannot start: no room')
  const [, failing] = await ingestFindings(dataDir, true)
  assert.deepEqual([failing?.verdict, failing?.text.slice(0, 34)], ['fault', 'the console cannot start: no room;'])

  let fault: string | null = null
  let lag = { records: 0, ageMs: 0 }
  const app = madeConsole({
    ingest: { ...caughtUp, state: () => ({ rows: 1, quarantined: 1, fault }), lag: async () => lag },
  })
  t.after(() => app.close())
  await app.listen({ path: join(dataDir, 'run', 'admin.sock') })
  assert.deepEqual(verdicts(await ingestFindings(dataDir, true)), ['quarantine note', 'ingest fault'])
  noteConsoleFault(dataDir, null)
  assert.deepEqual(verdicts(await ingestFindings(dataDir, true)), ['quarantine note', 'ingest fine'])
  lag = { records: 2, ageMs: 1_000 }
  assert.match(await ingestText('fine'), /follow the journal; 2 wait, the oldest for 1 s/)
  lag = { records: 50_000, ageMs: 90_000 }
  assert.match(await ingestText('note'), /follow the journal; 50000 wait, the oldest for 90 s/)
  fault = 'the store is full'
  lag = { records: 1, ageMs: 90_000 }
  assert.match(await ingestText('fault'), /1 waits, the oldest for 90 s.*the store is full/)

  async function ingestText(verdict: string): Promise<string> {
    const [, found] = await ingestFindings(dataDir, true)
    assert.equal(found?.verdict, verdict)
    return found?.text ?? ''
  }
})

test('the doctor goes on where the console breaks off, and where it hangs', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-doctor-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  mkdirSync(join(dataDir, 'run'))
  let hangs = false
  const server = createServer((socket) => {
    // A hang-up while it is asked is what is tested.
    socket.on('error', () => {})
    if (!hangs) socket.destroy()
  })
  t.after(() => server.close())
  await once(server.listen(join(dataDir, 'run', 'admin.sock')), 'listening')
  assert.deepEqual(verdicts(await ingestFindings(dataDir, true)), ['ingest note'])
  hangs = true
  assert.deepEqual(verdicts(await ingestFindings(dataDir, true, 10)), ['ingest note'])
})

function verdicts(findings: readonly { topic: string; verdict: string }[]): string[] {
  return findings.map(({ topic, verdict }) => `${topic} ${verdict}`)
}
