import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LedgerEntry } from '#core/ledger/entry.ts'
import { openEntry } from '#test/journal/entries.ts'
import { book } from '#test/pricing/sample-book.ts'
import type { OpenCall } from '../open-call.ts'
import type { Road } from '../road.ts'
import { settleFault } from './settle-fault.ts'

/** What is written of a call that a fault of ours has ended. */
async function written(settled: boolean): Promise<{ entries: readonly LedgerEntry[]; aborts: number }> {
  const entries: LedgerEntry[] = []
  let aborts = 0
  const road = {
    prices: book(),
    clock: { wallMs: () => 2_000, monotonicMs: () => 70 },
    journal: { append: async (entry: LedgerEntry) => void entries.push(entry) },
  }
  const abort = (): void => {
    aborts += 1
  }
  const open = { control: { settled, abort }, entry: openEntry('c1'), arrival: { arrivedAtMs: 20 } }
  await settleFault(road as unknown as Road, open as unknown as OpenCall)
  return { entries, aborts }
}

test('a call that a fault of ours ends is booked as failed, with what its request is guessed to have cost', async () => {
  const { entries, aborts } = await written(false)
  const [entry, ...more] = entries
  assert.ok(entry?.kind === 'settle' && more.length === 0)
  assert.deepEqual(
    [entry.call.callId, entry.outcome, entry.statusCode, entry.errorCode, entry.latencyMs, entry.usageSource],
    ['c1', 'failed', 500, 'internal_error', 50, 'estimated'],
  )
  assert.equal(aborts, 1, 'the provider is left alone')
})

test('a call that is in the journal already is not booked again', async () => {
  assert.deepEqual(await written(true), { entries: [], aborts: 1 })
})
