import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { decodeEntry } from '#core/ledger/codec.ts'
import { openFollower } from '#store/journal/reader.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal } from '#store/journal/writer.ts'
import { journalOptions, temporaryDirectory } from './journals.ts'

const kills = 20
/** Where the run is cut: after so many lines, a different number each time, the last of them large. */
const killAfterLines = (run: number) => 1 + ((run * 7919) % 400) * (run % 3 === 0 ? 1 : 5)

/** Lets a child write until it has acknowledged so many entries, and kills it there. Returns what it had said. */
async function runAndKill(dir: string, run: number): Promise<string[]> {
  const child = spawn(process.execPath, [new URL('./kill-child.ts', import.meta.url).pathname, dir, String(run)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  let lines = 0
  child.stdout.setEncoding('latin1')
  child.stdout.on('data', (piece: string) => {
    text += piece
    lines += piece.split('\n').length - 1
    if (lines >= killAfterLines(run)) child.kill('SIGKILL')
  })
  const [, signal] = await once(child, 'close')
  assert.equal(signal, 'SIGKILL')
  return text.split('\n').slice(0, -1)
}

async function namesOnDisk(dir: string): Promise<string[]> {
  const follower = await openFollower({ dir, position: null })
  const names: string[] = []
  for (;;) {
    const blocks = await follower.next(5000)
    if (blocks.length === 0) return names
    for (const line of blocks.flatMap((block) => block.lines)) {
      const entry = decodeEntry(line)
      names.push(`${entry.kind} ${entry.call.callId}`)
    }
  }
}

describe('a killed writer', () => {
  it(`has lost nothing it acknowledged and doubled nothing, after ${kills} kills`, async (t) => {
    const dir = temporaryDirectory(t)
    const said: string[] = []
    for (let run = 0; run < kills; run++) said.push(...(await runAndKill(dir, run)))
    const { journal, recovered } = await openJournal(journalOptions(dir))
    await journal.close()
    const names = await namesOnDisk(dir)
    const there = new Set(names)
    assert.equal(there.size, names.length, 'an entry is there twice')
    assert.deepEqual(
      said.filter((name) => !there.has(name)),
      [],
    )
    const unsettled = names.filter((name) => name.startsWith('open ') && !there.has(name.replace('open', 'settle')))
    assert.deepEqual(recovered.opens.map((entry) => `open ${entry.call.callId}`).sort(), unsettled.sort())
    assert.equal((await verifyJournal({ dir })).fault, null)
  })
})
