import assert from 'node:assert/strict'
import { readdirSync, statSync, truncateSync } from 'node:fs'
import { test } from 'node:test'
import { encodeEntry } from '#core/ledger/codec.ts'
import { openFollower } from '#store/journal/reader.ts'
import { retireSegments } from '#store/journal/retire.ts'
import { openEntry, settleEntry } from './entries.ts'
import { temporaryDirectory, writtenJournal } from './journals.ts'

const expected = Array.from({ length: 40 }, (_, i) => [
  encodeEntry(openEntry(`c${i}`)),
  encodeEntry(settleEntry(`c${i}`)),
]).flat()

function segments(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => /\.tgj(\.zst)?$/.test(name))
    .sort()
}

test('gives as much at once as it is asked for, over the ends of segments, compressed ones too', async (t) => {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, 40)
  const [, , third = ''] = segments(dir)
  const ingested = { segment: third, offset: 0, blockNo: Number.parseInt(third, 10) }
  await retireSegments({ dir, ingested, keepMs: Number.MAX_SAFE_INTEGER, nowMs: 0 })
  assert.ok(segments(dir)[0]?.endsWith('.zst'))
  const follower = await openFollower({ dir, position: null })
  const blocks = [await follower.next(50), await follower.next(1_000), await follower.next(1_000)]
  await follower.close()
  assert.deepEqual(
    blocks.map((some) => some.length),
    [50, 30, 0],
  )
  assert.deepEqual(
    blocks.flat().flatMap(({ lines }) => lines),
    expected,
  )
})

test('gives what is sound before damage in a later segment, then throws', async (t) => {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, 40)
  const [, , , damaged = ''] = segments(dir)
  truncateSync(`${dir}/${damaged}`, statSync(`${dir}/${damaged}`).size - 1)
  const follower = await openFollower({ dir, position: null })
  const sound = await follower.next(1_000)
  assert.ok((sound.at(-1)?.after.segment ?? '') >= (segments(dir)[2] ?? 'none'))
  await assert.rejects(follower.next(1_000), { code: 'journal_damaged' })
  await follower.close()
})
