import assert from 'node:assert/strict'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { emptyPayer } from '#core/attribution/payer.ts'
import { externalMark, type SettleEntry } from '#core/ledger/entry.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { noCost } from '#core/pricing/cost.ts'
import { noTokens } from '#core/usage/totals.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { externalCallId } from '#gateway/incoming/external-cost.ts'
import type { ExternalEvent } from '#ports.ts'
import { type KnownEvents, openKnownEvents } from '#store/external/known-events.ts'
import { openJournal, type WatchedJournal } from '#store/journal/writer.ts'
import { openSettings, settingsFile } from '#store/settings/open.ts'
import { openSqlite } from '#store/settings/sqlite.ts'
import { forge } from '#test/journal/forging.ts'
import { VirtualTime } from '#test/journal/virtual-time.ts'
import { SettingsWriter } from '#test/support/settings-writer.ts'
import { until } from '#test/support/until.ts'

interface Opened {
  readonly dataDir: string
  readonly journal: WatchedJournal
  readonly events: KnownEvents
  readonly time: VirtualTime
  readonly faults: unknown[]
}

/** Removed after the test by `open`. */
function folder(): string {
  return mkdtempSync(join(tmpdir(), 'tg-events-'))
}

/** As the gateway opens it. The time of the table is the test's: nothing is kept before it passes. */
async function open(t: TestContext, dataDir: string, segmentBytes = 1_000_000): Promise<Opened> {
  const settings = await openSettings({ path: join(dataDir, settingsFile), clock: systemClock })
  await settings.close()
  const { journal } = await openJournal({
    dir: join(dataDir, 'journal'),
    fsync: 'none',
    groupMs: 1,
    segmentBytes,
    minFreeBytes: 0,
    clock: systemClock,
    timers: systemTimers,
  })
  const time = new VirtualTime()
  const faults: unknown[] = []
  const events = await openKnownEvents({ dataDir, clock: time, timers: time, onFault: (fault) => faults.push(fault) })
  t.after(async () => {
    await events.close()
    await journal.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  return { dataDir, journal, events, time, faults }
}

function entryOf(id: string, pico: bigint): SettleEntry {
  const callId = externalCallId('webhook', 'relay', id)
  return {
    kind: 'settle',
    call: {
      ...{ callId, requestId: id, startedAtMs: 1_000, payer: emptyPayer, keyId: '', vendor: '', upstream: 'relay' },
      ...{ modelRequested: 'm', modelRouted: 'm', endpoint: 'other', stream: false, promptHash: '' },
    },
    ...{ endedAtMs: 1_000, outcome: 'served', modelServed: 'm', usageSource: 'none', tokens: noTokens, units: {} },
    cost: { ...noCost, otherPicoUsd: picoUsd(pico), totalPicoUsd: picoUsd(pico), billingPicoAmount: pico },
    marks: [externalMark],
    ...{ latencyMs: 0, timeToFirstTokenMs: null, overheadMs: 0, statusCode: 200, errorCode: '', errorMessage: '' },
    attempts: [],
    cacheHit: false,
  }
}

function eventOf({ call, cost }: SettleEntry): ExternalEvent {
  return { callId: call.callId, source: call.upstream, eventId: call.requestId, picoUsd: cost.totalPicoUsd }
}

function add({ events, journal }: Opened, entry: SettleEntry): Promise<void> {
  return events.remember(eventOf(entry), () => journal.append(entry))
}

test('a death at any step leaves an event known exactly where it is in the journal', async (t) => {
  const one = await open(t, folder())
  const entry = entryOf('evt_1', 5n)
  /** What the next process finds if this one dies now. */
  const diesNow = async (): Promise<bigint | null> => {
    const left = folder()
    cpSync(one.dataDir, left, { recursive: true })
    const { events, faults } = await open(t, left)
    assert.deepEqual(faults, [])
    return events.amountOf(entry.call.callId)
  }
  assert.equal(await diesNow(), null)
  await one.events.remember(eventOf(entry), async () => {
    assert.equal(await diesNow(), null)
    await one.journal.append(entry)
    assert.equal(await diesNow(), 5n)
  })
  assert.equal(await diesNow(), 5n)
  await one.time.pass(2_000)
  assert.equal(rowsIn(one.dataDir), 1)
  assert.equal(await diesNow(), 5n)
})

test('an event that the journal did not take is not known', async (t) => {
  const one = await open(t, folder())
  const entry = entryOf('evt_1', 5n)
  await assert.rejects(one.events.remember(eventOf(entry), () => Promise.reject(new Error('no room'))))
  assert.equal(await one.events.amountOf(entry.call.callId), null)
})

test('events over many segments are known after every start, also where the table was never written', async (t) => {
  const dataDir = folder()
  const ids = Array.from({ length: 200 }, (_, n) => `evt_${n}`)
  const one = await open(t, dataDir, 4_096)
  for (const id of ids) await add(one, entryOf(id, 1n))
  assert.equal(rowsIn(dataDir), 0)
  const left = folder()
  cpSync(dataDir, left, { recursive: true })
  await open(t, left, 4_096)
  assert.equal(rowsIn(left), ids.length)
  await one.time.pass(2_000)
  assert.equal(rowsIn(dataDir), ids.length)
})

test('behind damage in the journal events are known from the next segment on, and all once it is mended', async (t) => {
  const dataDir = folder()
  const ids = Array.from({ length: 200 }, (_, n) => `evt_${n}`)
  const one = await open(t, dataDir, 4_096)
  for (const id of ids) await add(one, entryOf(id, 1n))
  const journal = join(dataDir, 'journal')
  const segments = readdirSync(journal)
    .filter((name) => name.endsWith('.tgj'))
    .sort()
  assert.ok(segments.length > 10)
  const left = folder()
  cpSync(dataDir, left, { recursive: true })
  const damaged = [3, 6].map((place) => join(left, 'journal', segments[place] ?? ''))
  const sound = damaged.map((path) => readFileSync(path))
  for (const [index, path] of damaged.entries()) {
    const bytes = Buffer.from(sound[index] ?? '')
    const at = bytes.indexOf('"kind"', bytes.length >> 1)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    writeFileSync(path, bytes)
  }
  const two = await open(t, left, 4_096)
  assert.deepEqual(
    two.faults.map((fault) => (fault instanceof JournalFault ? fault.place?.segment : fault)),
    [segments[3], segments[6]],
  )
  const known = rowsIn(left)
  assert.ok(known < ids.length && known > ids.length - 2 * (ids.length / segments.length + 1), `${known} known`)
  await add(two, entryOf('evt_later', 1n))
  await two.time.pass(2_000)
  // Started again, with one of the two as it was, and then with both.
  await close(two)
  for (const [index, rows] of [known + 1, ids.length + 1].entries()) {
    writeFileSync(damaged[index] ?? '', sound[index] ?? '')
    const next = await open(t, left, 4_096)
    assert.equal(next.faults.length, 1 - index)
    assert.ok(rowsIn(left) >= rows, `${rowsIn(left)} rows`)
    await close(next)
  }
})

test('a line that nobody can read is in the way of no start', async (t) => {
  const dataDir = folder()
  const one = await open(t, dataDir)
  await add(one, entryOf('evt_1', 5n))
  await add(one, entryOf('evt_2', 7n))
  await close(one)
  const edit = (line: string) => line.replace('"kind":"settle"', '"kind":"newer"')
  forge(join(dataDir, 'journal'), 1, () => false, edit)
  rmSync(join(dataDir, 'journal', 'closed.json'))
  assert.equal(rowsIn(dataDir), 2)
  const { connection } = openSqlite(join(dataDir, settingsFile))
  connection.exec('DELETE FROM external_events')
  connection.close()
  const again = await open(t, dataDir)
  assert.deepEqual(again.faults, [])
  assert.equal(await again.events.amountOf(entryOf('evt_1', 5n).call.callId), null)
  assert.equal(await again.events.amountOf(entryOf('evt_2', 7n).call.callId), 7n)
  await close(again)
})

async function close({ events, journal }: Opened): Promise<void> {
  await events.close()
  await journal.close()
}

test('while another process writes the settings events are held, and kept afterwards', async (t) => {
  const one = await open(t, folder())
  const other = openSqlite(join(one.dataDir, settingsFile))
  t.after(() => other.connection.close())
  other.connection.exec('BEGIN IMMEDIATE')
  await add(one, entryOf('evt_1', 5n))
  await one.time.pass(3_000)
  assert.ok(one.faults.length > 0)
  assert.equal(await one.events.amountOf(externalCallId('webhook', 'relay', 'evt_1')), 5n)
  other.connection.exec('COMMIT')
  await one.time.pass(3_000)
  assert.equal(rowsIn(one.dataDir), 1)
})

test('while the table cannot be written at a start nothing is taken, since it may be known; then all is', async (t) => {
  const before = await open(t, folder())
  await add(before, entryOf('evt_1', 5n))
  const left = folder()
  cpSync(before.dataDir, left, { recursive: true })
  const { connection } = openSqlite(join(left, settingsFile))
  t.after(() => connection.close())
  const noRoom = "BEGIN SELECT RAISE(FAIL, 'no room'); END"
  connection.exec(`CREATE TRIGGER no_room BEFORE INSERT ON external_events_read ${noRoom}`)
  const one = await open(t, left)
  assert.equal(one.faults.length, 1)
  assert.match(one.events.refusal() ?? '', /settings cannot be written/)
  await one.time.pass(3_000)
  assert.ok(one.faults.length > 1)
  assert.notEqual(one.events.refusal(), null)
  connection.exec('DROP TRIGGER no_room')
  await one.time.pass(1_000)
  await until('what is known to be there', () => one.events.refusal() === null)
  assert.equal(await one.events.amountOf(externalCallId('webhook', 'relay', 'evt_1')), 5n)
})

test('while a segment of the journal cannot be read nothing is taken, and the reason is told', async (t) => {
  const dataDir = folder()
  const one = await open(t, dataDir, 4_096)
  for (let n = 0; n < 60; n++) await add(one, entryOf(`evt_${n}`, 1n))
  const left = folder()
  cpSync(dataDir, left, { recursive: true })
  const [, second = ''] = readdirSync(join(left, 'journal')).filter((name) => name.endsWith('.tgj'))
  const path = join(left, 'journal', second)
  renameSync(path, `${path}.aside`)
  // What cannot be read whoever asks: root reads any file.
  mkdirSync(path)
  const two = await open(t, left, 4_096)
  assert.match(two.events.refusal() ?? '', /journal cannot be read/)
  rmdirSync(path)
  renameSync(`${path}.aside`, path)
  await two.time.pass(1_000)
  await until('what is known to be there', () => two.events.refusal() === null)
  assert.equal(rowsIn(left), 60)
})

test('nobody waits for a process that writes the settings: calls are on the same thread', async (t) => {
  const one = await open(t, folder())
  const other = await SettingsWriter.begin(t, join(one.dataDir, settingsFile))
  await add(one, entryOf('evt_1', 5n))
  const written = other.endsSoon()
  await one.time.pass(1_000)
  assert.equal(one.faults.length, 1, 'it was refused at once')
  await written
  await one.time.pass(3_000)
  assert.equal(rowsIn(one.dataDir), 1)
})

test('ids of other sources, other doors and other texts never meet', () => {
  const ids = [
    externalCallId('webhook', 'a', 'b'),
    externalCallId('bill', 'a', 'b'),
    externalCallId('webhook', 'b', 'a'),
    externalCallId('webhook', 'a","b', ''),
    externalCallId('webhook', 'a', 'B'),
  ]
  assert.equal(new Set(ids).size, ids.length)
})

function rowsIn(dataDir: string): number {
  const { connection } = openSqlite(join(dataDir, settingsFile))
  const rows = connection.prepare('SELECT count(*) AS rows FROM external_events').get()
  connection.close()
  return Number(rows?.['rows'])
}
