import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
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

  it('goes on with a new journal where the old one was moved away, and with nothing else', async (t) => {
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 8)
    const { position } = await readAll(dir, null)
    assert.ok(position !== null)
    for (const name of readdirSync(dir)) unlinkSync(`${dir}/${name}`)
    await writtenJournal(dir, 9, { firstBlock: async () => position.blockNo + 1000 })
    const { lines, position: end } = await readAll(dir, position)
    assert.deepEqual(lines, expectedLines(9))
    assert.equal(end?.blockNo, position.blockNo + 1000 + 17)
    assert.equal((await verifyJournal({ dir })).fault, null)
    // A journal that lost its first segment is no new one.
    unlinkSync(`${dir}/${segments(dir)[0]}`)
    await assert.rejects(readAll(dir, position), /the segment is gone/)
    assert.match((await verifyJournal({ dir })).fault?.reason ?? '', /older segments are gone/)
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

  it('finds a compressed segment that was truncated', async (t) => {
    const { dir, path, whole } = await compressedJournal(t)
    for (const bytes of [0, 1, 5, 20, whole.length - 9, whole.length - 4, whole.length - 1]) {
      truncateSync(path, bytes)
      const { fault } = await verifyJournal({ dir })
      assert.equal(fault?.segment, basename(path), `cut to ${bytes}`)
      assert.ok(fault.offset <= bytes, `cut to ${bytes}: ${JSON.stringify(fault)}`)
      writeFileSync(path, whole)
    }
    assert.equal((await verifyJournal({ dir })).fault, null)
  })

  const trailers: [what: string, bytes: Buffer][] = [
    ['one byte', Buffer.from('x')],
    ['garbage', randomBytes(7000)],
    ['zeros', Buffer.alloc(5000)],
    ['a second compressed frame', zstdCompressSync(Buffer.from('TG1 '))],
    ['a frame that unpackers skip', Buffer.from('502a4d180400000061626364', 'hex')],
  ]
  for (const [what, trailer] of trailers) {
    it(`finds ${what} behind the end of a compressed segment, and the follower does`, async (t) => {
      const { dir, path, whole } = await compressedJournal(t)
      appendFileSync(path, trailer)
      const { fault } = await verifyJournal({ dir })
      assert.deepEqual([fault?.segment, fault?.offset], [basename(path), whole.length])
      assert.match(fault?.reason ?? '', new RegExp(`is over at byte ${whole.length}, ${trailer.length} before its end`))
      const place = { segment: basename(path), offset: whole.length }
      await assert.rejects(readAll(dir, null), { name: 'JournalFault', code: 'journal_damaged', place })
    })
  }

  it('never places a flip in a compressed segment behind where it is', async (t) => {
    const { dir, path, whole } = await compressedJournal(t)
    const sound = await verifyJournal({ dir })
    for (let at = 0; at < whole.length; at += 3) {
      const bad = Buffer.from(whole)
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8))
      writeFileSync(path, bad)
      const check = await verifyJournal({ dir })
      // Some bits mean nothing to what is unpacked: then that is what was written, and nothing else may be.
      if (check.fault === null) assert.deepEqual(check, sound)
      else if (check.fault.segment === basename(path)) assert.ok(check.fault.offset <= at, JSON.stringify(check.fault))
      else assert.equal(`${check.fault.segment}.zst`, basename(path))
    }
  })

  it('checks what a compressed segment holds before the block of it that cannot be unpacked', async (t) => {
    const { dir, path, whole } = await compressedJournal(t, 1_000_000)
    const plain = zstdDecompressSync(whole)
    const blocks = [...packedBlocks(whole)]
    const [, , third] = blocks
    assert.ok(third !== undefined && blocks.length > 3)
    // A block of the one type that there is none of.
    whole[third] = (whole[third] ?? 0) | 0b110
    writeFileSync(path, whole)
    const { fault } = await verifyJournal({ dir })
    assert.deepEqual([fault?.segment, fault?.offset], [basename(path), third])
    const [, soundTo] = /its content is sound to byte (\d+)$/.exec(fault?.reason ?? '') ?? []
    const unpackedTo = 2 * 128 * 1024
    assert.equal(Number(soundTo), plain.lastIndexOf('\nTG1 ', unpackedTo) + 1)
  })

  it('says that the next start cuts off what a write has left at the very end, and only there', async (t) => {
    const cuts = /interrupted write, and the next start then cuts it off/
    const dir = temporaryDirectory(t)
    await writtenJournal(dir, 3, { segmentBytes: 1e9 })
    const path = `${dir}/${segments(dir)[0]}`
    appendFileSync(path, 'TG1 half a bl')
    assert.match((await verifyJournal({ dir })).fault?.reason ?? '', cuts)

    const other = temporaryDirectory(t)
    await writtenJournal(other, 3, { segmentBytes: 1e9 })
    flip(`${other}/${segments(other)[0]}`, 1500)
    const { fault } = await verifyJournal({ dir: other })
    assert.match(fault?.reason ?? '', /unreadable bytes with sound blocks behind them, from byte \d+ on$/)
    await assert.rejects(openJournal(journalOptions(other)), { code: 'journal_damaged' })

    const shortened = temporaryDirectory(t)
    await writtenJournal(shortened, 3, { segmentBytes: 1e9 })
    const short = `${shortened}/${segments(shortened)[0]}`
    truncateSync(short, statSync(short).size - 1)
    assert.doesNotMatch((await verifyJournal({ dir: shortened })).fault?.reason ?? '', cuts)
    await assert.rejects(openJournal(journalOptions(shortened)), { code: 'journal_damaged' })
  })
})

/** A journal with all but its last segment compressed, and one of those, not the first. */
async function compressedJournal(t: TestContext, segmentBytes = 4096) {
  const dir = temporaryDirectory(t)
  await writtenJournal(dir, Math.ceil(segmentBytes / 4096) * 10, { segmentBytes })
  const { position } = await readAll(dir, null)
  assert.ok(position)
  await retireSegments({ dir, ingested: position, keepMs: 1e12, nowMs: Date.now() })
  const packed = segments(dir).filter((name) => name.endsWith('.zst'))
  const path = `${dir}/${packed.at(-1)}`
  return { dir, path, whole: readFileSync(path) }
}

/** Where the blocks of a compressed file begin. */
function* packedBlocks(packed: Buffer): Generator<number> {
  for (let at = 6, field = 0; (field & 1) === 0; at += 3 + (field >> 3)) {
    yield at
    field = packed.readUIntLE(at, 3)
  }
}

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
