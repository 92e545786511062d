import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { encodeEntry } from '#core/ledger/codec.ts'
import { type JournalPosition, reaches } from '#store/ingest/source.ts'
import { openFollower } from '#store/journal/reader.ts'
import { retireSegments } from '#store/journal/retire.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from './entries.ts'
import { journalOptions, temporaryDirectory, writtenJournal } from './journals.ts'

const never = Number.MAX_SAFE_INTEGER
const expectedLines = (calls: number) =>
  Array.from({ length: calls }, (_, i) => [encodeEntry(openEntry(`c${i}`)), encodeEntry(settleEntry(`c${i}`))]).flat()

async function readAll(dir: string, from: JournalPosition | null, maxEntries = 7) {
  const follower = await openFollower({ dir, position: from })
  const lines: string[] = []
  let position = from
  for (;;) {
    const blocks = await follower.next(maxEntries)
    const last = blocks.at(-1)
    if (last === undefined) break
    for (const block of blocks) lines.push(...block.lines)
    position = last.after
  }
  await follower.close()
  return { lines, position }
}

function segments(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => /\.tgj(\.zst)?$/.test(name))
    .sort()
}

describe('journal follower', () => {
  it('reads every entry once and in order, over all segments', async (t) => {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 40)
    assert.ok(segments(dir).length > 5)
    assert.deepEqual((await readAll(dir, null)).lines, expectedLines(40))
  })

  it('goes on from every position that it has given', async (t) => {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 8)
    const expected = expectedLines(8)
    const follower = await openFollower({ dir, position: null })
    for (let seen = 1; ; seen++) {
      const [block] = await follower.next(1)
      if (block === undefined) break
      const restored: JournalPosition = JSON.parse(JSON.stringify(block.after))
      assert.deepEqual((await readAll(dir, restored)).lines, expected.slice(seen))
    }
    await follower.close()
  })

  it('knows where the journal ends, and reaches that with its last block and none before', async (t) => {
    const dir = temporaryDirectory(t)
    const follower = await openFollower({ dir, position: null })
    assert.equal(follower.end(), null)
    for (let calls = 1; calls <= 9; calls++) {
      await writtenJournal(dir, 1)
      const end = follower.end()
      assert.ok(end !== null)
      const blocks = []
      for (let next = await follower.next(1); next.length > 0; next = await follower.next(1)) blocks.push(...next)
      assert.deepEqual(
        blocks.map(({ after }) => reaches(after, end)),
        [false, true],
      )
    }
    const last = segments(dir).at(-1)
    appendFileSync(`${dir}/${last}`, 'half a block')
    const end = follower.end()
    assert.ok(end !== null && end.segment === last)
    assert.equal(end.offset, statSync(`${dir}/${last}`).size)
    await follower.close()
  })

  it('sees what is written while it follows', async (t) => {
    const dir = temporaryDirectory(t)
    const follower = await openFollower({ dir, position: null })
    assert.deepEqual(await follower.next(10), [])
    const { journal } = await openJournal(journalOptions(dir, { segmentBytes: 4096 }))
    const lines: string[] = []
    for (let i = 0; i < 30; i++) {
      await journal.append(openEntry(`c${i}`))
      await journal.append(settleEntry(`c${i}`))
      for (const block of await follower.next(never)) lines.push(...block.lines)
      for (const block of await follower.next(never)) lines.push(...block.lines)
    }
    assert.deepEqual(lines, expectedLines(30))
    await journal.close()
    await follower.close()
  })

  it('waits for the rest of a block that is being written', async (t) => {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 2)
    const path = `${dir}/${segments(dir).at(-1)}`
    const whole = readFileSync(path)
    for (let cut = whole.length - 1; cut > whole.length - 300; cut -= 13) {
      truncateSync(path, cut)
      const follower = await openFollower({ dir, position: null })
      const before = await follower.next(never)
      assert.deepEqual(await follower.next(never), [])
      appendFileSync(path, whole.subarray(cut))
      const after = await follower.next(never)
      assert.deepEqual(
        [...before, ...after].flatMap((block) => block.lines),
        expectedLines(2),
      )
      await follower.close()
    }
  })

  it('refuses to go on over a lost block, a lost segment or a broken one', async (t) => {
    const damages: [string, (dir: string, names: string[]) => void][] = [
      ['a segment is gone', (dir, names) => unlinkSync(`${dir}/${names[1]}`)],
      [
        'a segment ends early',
        (dir, names) => truncateSync(`${dir}/${names[1]}`, statSync(`${dir}/${names[1]}`).size - 1),
      ],
      ['a byte is wrong', (dir, names) => flip(`${dir}/${names[1]}`, 500)],
    ]
    for (const [what, damage] of damages) {
      const dir = temporaryDirectory(t)
      await writtenJournal(dir, 20)
      damage(dir, segments(dir))
      await assert.rejects(readAll(dir, null), { name: 'JournalFault', code: 'journal_damaged' }, what)
    }
  })
})

describe('retirement', () => {
  it('compresses what is ingested, and all reads on as before', async (t) => {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 40)
    const before = await readAll(dir, null)
    const plain = await verifyJournal({ dir })
    assert.ok(before.position)
    const done = await retireSegments({ dir, ingested: before.position, keepMs: 1e12, nowMs: Date.now() })
    assert.deepEqual(done, { compressed: segments(dir).length - 1, deleted: 0 })
    assert.deepEqual(await readAll(dir, null), before)
    assert.deepEqual(await verifyJournal({ dir }), { ...plain, compressedSegments: done.compressed })
    assert.deepEqual(await retireSegments({ dir, ingested: before.position, keepMs: 1e12, nowMs: Date.now() }), {
      compressed: 0,
      deleted: 0,
    })
  })

  it('leaves alone what is not ingested', async (t) => {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 40)
    const names = segments(dir)
    const ingested = { segment: names[2] ?? '', offset: 0, blockNo: Number(names[2]?.slice(0, 12)) }
    await retireSegments({ dir, ingested, keepMs: 0, nowMs: Date.now() + 1 })
    assert.deepEqual(segments(dir), names.slice(2))
    await retireSegments({ dir, ingested: { ...ingested, blockNo: 0 }, keepMs: 0, nowMs: Date.now() + 1 })
    assert.deepEqual(segments(dir), names.slice(2))
  })

  it('deletes what retention no longer wants, and the rest is still a sound journal', async (t) => {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 40)
    const { position, lines } = await readAll(dir, null)
    assert.ok(position)
    await retireSegments({ dir, ingested: position, keepMs: 0, nowMs: Date.now() + 1 })
    const check = await verifyJournal({ dir })
    assert.equal(check.fault, null)
    assert.equal(check.segments, 1)
    assert.deepEqual((await readAll(dir, null)).lines, lines.slice(-check.entries))
    const again = await openJournal(journalOptions(dir))
    assert.deepEqual(again.recovered.opens, [])
    await again.journal.close()
  })
})

describe('journal verification', () => {
  it('counts what is there', async (t) => {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 20)
    const { journal } = await openJournal(journalOptions(dir))
    await journal.append(openEntry('still running'))
    const check = await verifyJournal({ dir })
    assert.equal(check.fault, null)
    assert.equal(check.entries, 41)
    assert.equal(check.blocks, 41)
    assert.equal(check.unsettledCalls, 1)
    assert.equal(check.lastBlock, 41)
    await journal.close()
  })

  it('finds a flip of any byte, at or before it', async (t) => {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 2, { segmentBytes: 1200 })
    const names = segments(dir)
    assert.ok(names.length >= 2)
    for (const [index, name] of names.entries()) {
      const path = `${dir}/${name}`
      const whole = readFileSync(path)
      for (let at = 0; at < whole.length; at++) {
        const bad = Buffer.from(whole)
        bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8))
        writeFileSync(path, bad)
        const { fault } = await verifyJournal({ dir })
        assert.ok(fault !== null, `${name} ${at}`)
        const found = names.indexOf(fault.segment)
        assert.ok(found < index || (found === index && fault.offset <= at), `${name} ${at}: ${JSON.stringify(fault)}`)
      }
      writeFileSync(path, whole)
    }
    assert.equal((await verifyJournal({ dir })).fault, null)
  })

  const damages: [what: string, damage: (dir: string, names: string[]) => void, segment: number][] = [
    ['a segment taken out of the middle', (dir, names) => unlinkSync(`${dir}/${names[2]}`), 3],
    ['the first segment taken away', (dir, names) => unlinkSync(`${dir}/${names[0]}`), 1],
    ['the last segment taken away', (dir, names) => unlinkSync(`${dir}/${names.at(-1)}`), -2],
    ['the last block cut off', (dir, names) => cutFrame(`${dir}/${names.at(-1)}`, -1), -1],
    ['a block taken out', (dir, names) => cutFrame(`${dir}/${names[2]}`, 2), 2],
    ['two blocks swapped', (dir, names) => swapFrames(`${dir}/${names[2]}`), 2],
    [
      'a segment in the place of another',
      (dir, names) => writeFileSync(`${dir}/${names[2]}`, readFileSync(`${dir}/${names[3]}`)),
      2,
    ],
    ['bytes behind the end', (dir, names) => appendFileSync(`${dir}/${names.at(-1)}`, 'x'), -1],
  ]
  for (const [what, damage, segment] of damages) {
    it(`finds ${what}`, async (t) => {
      const dir = temporaryDirectory(t)
      await writtenJournal(dir, 20)
      const names = segments(dir)
      damage(dir, names)
      assert.equal((await verifyJournal({ dir })).fault?.segment, names.at(segment))
    })
  }

  it('finds a compressed segment that was truncated or changed', async (t) => {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 20)
    const { position } = await readAll(dir, null)
    assert.ok(position)
    await retireSegments({ dir, ingested: position, keepMs: 1e12, nowMs: Date.now() })
    const path = `${dir}/${segments(dir)[2]}`
    const whole = readFileSync(path)
    for (const bytes of [0, 1, 20, whole.length - 9, whole.length - 1]) {
      truncateSync(path, bytes)
      assert.notEqual((await verifyJournal({ dir })).fault, null, `cut to ${bytes}`)
      writeFileSync(path, whole)
    }
    flip(path, whole.length >> 1)
    assert.notEqual((await verifyJournal({ dir })).fault, null)
  })
})

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

function frames(path: string): string[] {
  return readFileSync(path, 'latin1').split(/^(?=TGS?1 )/m)
}

function cutFrame(path: string, index: number): void {
  const all = frames(path)
  all.splice(index, 1)
  writeFileSync(path, all.join(''), 'latin1')
}

function swapFrames(path: string): void {
  const [header = '', one = '', two = '', ...rest] = frames(path)
  writeFileSync(path, [header, two, one, ...rest].join(''), 'latin1')
}
