import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { encodeEntry } from '#core/ledger/codec.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { openFollower } from '#store/journal/reader.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from '#test/journal/entries.ts'

/** How many calls a second the journal takes alone: `node bench/journal.ts [calls] [concurrency]`. */
const calls = Number(process.argv[2] ?? 200_000)
const concurrency = Number(process.argv[3] ?? 64)
const dir = mkdtempSync(`${tmpdir()}/tollgate-bench-`)

function rate(name: string, count: number, unit: string, startedMs: number): void {
  const seconds = (performance.now() - startedMs) / 1000
  console.log(
    `${name.padEnd(34)}${Math.round(count / seconds)
      .toLocaleString('en-US')
      .padStart(12)} ${unit}/s`,
  )
}

const open = openEntry('01JBENCHBENCHBENCHBENCHBEN')
const settle = settleEntry('01JBENCHBENCHBENCHBENCHBEN')

let startedMs = performance.now()
for (let i = 0; i < calls; i++) {
  encodeEntry(open)
  encodeEntry(settle)
}
rate('encode both entries', calls, 'calls', startedMs)

for (const fsync of ['group', 'none', 'each'] as const) {
  const part = fsync === 'each' ? Math.min(calls, 20_000) : calls
  const { journal } = await openJournal({
    dir: `${dir}/${fsync}`,
    fsync,
    groupMs: 5,
    segmentBytes: 64 * 1024 * 1024,
    minFreeBytes: 0,
    clock: systemClock,
    timers: systemTimers,
  })
  startedMs = performance.now()
  const cpu = process.cpuUsage()
  let next = 0
  const worker = async () => {
    for (let i = next++; i < part; i = next++) {
      await journal.append(openEntry(`c${i}`))
      await journal.append(settleEntry(`c${i}`))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  rate(`open and settle, fsync ${fsync}`, part, 'calls', startedMs)
  const { user, system } = process.cpuUsage(cpu)
  const { blocks, entries, syncs, syncMaxMs, bytes } = journal.stats()
  const perCall = ((user + system) / part).toFixed(1)
  console.log(
    `  ${perCall} µs of CPU a call, ${(entries / blocks).toFixed(1)} entries a block, ${Math.round(bytes / part)} bytes a call, ${syncs} syncs, longest ${syncMaxMs.toFixed(0)} ms`,
  )
  await journal.close()
}

startedMs = performance.now()
const follower = await openFollower({ dir: `${dir}/group`, position: null })
let lines = 0
for (;;) {
  const blocks = await follower.next(5000)
  if (blocks.length === 0) break
  for (const block of blocks) lines += block.lineCount
}
rate('follow', lines, 'lines', startedMs)

startedMs = performance.now()
const check = await verifyJournal({ dir: `${dir}/group` })
rate('verify', check.entries, 'lines', startedMs)
rate('verify', check.bytes / 1e6, 'MB', startedMs)

startedMs = performance.now()
const again = await openJournal({
  dir: `${dir}/group`,
  fsync: 'group',
  groupMs: 5,
  segmentBytes: 64 * 1024 * 1024,
  minFreeBytes: 0,
  clock: systemClock,
  timers: systemTimers,
})
console.log(
  `start on ${(check.bytes / 1e6).toFixed(0)} MB of journal: ${(performance.now() - startedMs).toFixed(0)} ms`,
)
await again.journal.close()
rmSync(dir, { recursive: true })
