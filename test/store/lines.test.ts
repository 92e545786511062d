import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { collectBlocks } from '#store/ingest/batch.ts'
import { Quarantine } from '#store/ingest/quarantine.ts'
import { intakeBlock } from '#store/usage/intake.ts'
import { arbitraryEntry } from '../journal/arbitrary-entries.ts'
import { settleEntries } from './entries.ts'
import { blockOfLines } from './listed-journal.ts'

const directory = mkdtempSync(join(tmpdir(), 'tollgate-lines-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const from = Date.UTC(2026, 0, 1)
/** As calls are: no escapes, and amounts that people pay. */
const ordinary = settleEntries(from, from + 90 * 86_400_000).map((entry): SettleEntry => {
  const { call, cost } = entry
  const texts = { project: 'Geschäft', userId: 'u', sessionId: '', requestPath: '/a', tags: { team: 'a', env: '' } }
  const total = picoUsd(cost.totalPicoUsd % 10n ** 15n)
  return {
    ...entry,
    call: { ...call, requestId: call.callId, payer: { ...call.payer, ...texts } },
    cost: {
      ...cost,
      inputPicoUsd: picoUsd(cost.inputPicoUsd % 10n ** 15n),
      cachedInputPicoUsd: picoUsd(0n),
      cacheWritePicoUsd: picoUsd(cost.cacheWritePicoUsd % 10n ** 12n),
      outputPicoUsd: picoUsd(cost.outputPicoUsd % 10n ** 15n),
      otherPicoUsd: picoUsd(cost.otherPicoUsd % 10n ** 4n),
      totalPicoUsd: total,
      billingPicoAmount: cost.billingCurrency === 'USD' ? total : picoUsd(cost.billingPicoAmount % 10n ** 14n),
      providerStatedPicoUsd:
        cost.providerStatedPicoUsd === null ? null : picoUsd(cost.providerStatedPicoUsd % 10n ** 15n),
    },
    units: {},
    marks: [],
    errorMessage: '',
  }
})

test('a line taken as it stands makes the same row as its entry', () => {
  const entry = fc.oneof(ordinary, settleEntries(from, from + 90 * 86_400_000), arbitraryEntry)
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 20 }), (entries) => {
      const lines = entries.map(encodeEntry)
      assert.deepEqual(collected(lines, true), collected(lines, false))
    }),
    { numRuns: 300 },
  )
})

test('a line that is not as it was written is read by nobody, or by both in the same way', () => {
  const changed = fc
    .tuple(ordinary.map(encodeEntry), fc.nat(), fc.constantFrom(...'"\\{}[],:.-0129eatué\u0000\ud800'), fc.boolean())
    .map(([line, place, character, replace]) => {
      const at = place % line.length
      return line.slice(0, at) + character + line.slice(at + (replace ? 1 : 0))
    })
  fc.assert(
    fc.property(fc.array(changed, { minLength: 1, maxLength: 20 }), (lines) => {
      assert.deepEqual(collected(lines, true), collected(lines, false))
    }),
    { numRuns: 400 },
  )
})

test('nearly every line is taken as it stands', () => {
  const lines = fc.sample(ordinary, { numRuns: 200, seed: 5 }).map((entry) => encodeEntry(entry))
  assert.ok(takenAsTheyStand(lines) > 150, `${takenAsTheyStand(lines)} of 200`)
})

function takenAsTheyStand(lines: readonly string[]): number {
  let taken = 0
  collect(lines, { take: () => undefined, takeLine: () => taken++ })
  return taken
}

/** The bytes of the block of rows, and why others were turned down. */
function collected(lines: readonly string[], asTheyStand: boolean): { bytes: Buffer; rejected: readonly string[] } {
  const block = intakeBlock()
  const rejected = collect(lines, {
    take: (row) => block.add(row),
    ...(asTheyStand ? { takeLine: (line) => block.addLine(line) } : {}),
  })
  return { bytes: Buffer.concat(block.done()), rejected }
}

let quarantines = 0

function collect(
  lines: readonly string[],
  takers: Pick<Parameters<typeof collectBlocks>[1], 'take' | 'takeLine'>,
): readonly string[] {
  const quarantine = new Quarantine(join(directory, `${++quarantines}.jsonl`))
  const place = { segment: 's', offset: 0, blockNo: 9 }
  const to = { journalId: 'j', quarantine, ...takers }
  return collectBlocks([blockOfLines(lines, place)], to)?.rejected ?? []
}
