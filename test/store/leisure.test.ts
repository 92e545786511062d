import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import { collectAtLeisure, collectBlocks } from '#store/ingest/batch.ts'
import { Quarantine } from '#store/ingest/quarantine.ts'
import { settleEntries } from './entries.ts'
import { blockOfLines } from './listed-journal.ts'

const directory = mkdtempSync(join(tmpdir(), 'tollgate-leisure-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const [entry] = fc.sample(settleEntries(0, 1), { seed: 1, numRuns: 1 })
assert.ok(entry !== undefined)
const settled = encodeEntry(entry)
const opened = '{"kind":"open"}'

let files = 0

/** What comes of blocks with so many lines each, of which every third cannot be a record. */
async function collected(sizes: readonly number[], rest: (() => Promise<void>) | null) {
  const quarantine = new Quarantine(join(directory, `${++files}.jsonl`))
  const lines = (count: number) => Array.from({ length: count }, (_, at) => [settled, opened, '{"broken'][at % 3] ?? '')
  const blocks = sizes.map((size, at) => blockOfLines(lines(size), { segment: 's', offset: at, blockNo: at + 1 }))
  let rows = 0
  const to = {
    ...{ journalId: 'j', quarantine },
    take: () => {
      rows++
    },
  }
  const all = rest === null ? collectBlocks(blocks, to) : await collectAtLeisure(blocks, to, rest)
  return { all, rows }
}

test('what is read with rests in between is the same as without', async () => {
  for (const sizes of [[], [1], [3_999, 1, 1], [4_000, 5_000, 2], [9_000], [1, 2, 3]]) {
    assert.deepEqual(await collected(sizes, async () => {}), await collected(sizes, null), `${sizes}`)
  }
})

test('whoever waits for the thread gets its turn while a backlog is read', async () => {
  let rests = 0
  const rest = async () => {
    rests++
  }
  await collected(Array(320).fill(100), rest)
  assert.equal(rests, 7)
  await collected([100], rest)
  assert.equal(rests, 7, 'nobody rests over a little')
})
