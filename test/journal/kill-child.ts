import { writeSync } from 'node:fs'
import { systemClock, systemTimers } from '#edge/system.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from './entries.ts'

/** Writes calls until it is killed, and prints what was acknowledged: `open <id>` or `settle <id>`, a line each. */
const [dir = '', run = ''] = process.argv.slice(2)

const { journal, recovered } = await openJournal({
  dir,
  fsync: 'group',
  groupMs: 2,
  segmentBytes: 256 * 1024,
  minFreeBytes: 0,
  clock: systemClock,
  timers: systemTimers,
  reserveBytes: 64 * 1024,
})

for (const open of recovered.opens) {
  await journal.append(settleEntry(open.call.callId, { outcome: 'interrupted' }))
  say(`settle ${open.call.callId}`)
}

async function call(id: string): Promise<void> {
  await journal.append(openEntry(id))
  say(`open ${id}`)
  await journal.append(settleEntry(id))
  say(`settle ${id}`)
}

/** Synchronous, so that what was said has left the process when the next line runs. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

for (let i = 0; ; ) {
  const batch: Promise<void>[] = []
  for (let k = 0; k < 1 + (i % 7); k++) batch.push(call(`${run}.${i++}`))
  await Promise.all(batch)
}
