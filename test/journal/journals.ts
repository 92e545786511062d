import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { TestContext } from 'node:test'
import { systemClock, systemTimers } from '#edge/system.ts'
import { type JournalOptions, openJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from './entries.ts'

/** A directory that is gone after the test. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(`${tmpdir()}/tollgate-journal-`)
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export function journalOptions(dir: string, changes: Partial<JournalOptions> = {}): JournalOptions {
  return {
    dir,
    fsync: 'group',
    groupMs: 2,
    segmentBytes: 64 * 1024,
    minFreeBytes: 0,
    clock: systemClock,
    timers: systemTimers,
    reserveBytes: 64 * 1024,
    instance: 'test',
    ...changes,
  }
}

/** A journal of so many settled calls, a block for every entry, closed. Three or four calls fill a segment of 4 kB. */
export async function writtenJournal(dir: string, calls: number, changes: Partial<JournalOptions> = {}): Promise<void> {
  const { journal } = await openJournal(journalOptions(dir, { fsync: 'none', segmentBytes: 4096, ...changes }))
  for (let i = 0; i < calls; i++) {
    await journal.append(openEntry(`c${i}`))
    await journal.append(settleEntry(`c${i}`))
  }
  await journal.close()
}
