import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LedgerEntry } from '#core/ledger/entry.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { openEntry } from '#test/journal/entries.ts'
import { book } from '#test/pricing/sample-book.ts'
import { noReading } from '../answer/delivery.ts'
import { noBudgets } from '../budgets/desk.ts'
import type { Road } from '../road.ts'
import type { EndedCall } from '../settlement/end-call.ts'
import { BackgroundJobs } from './background-jobs.ts'
import { bookJob } from './book-job.ts'

const entry = openEntry('c1')
const call = { ...entry.call, upstream: 'up', vendor: 'acme', modelRouted: 'chat-1', endpoint: 'responses' as const }

/** What is written when a call begins a background response, and the jobs there are then. */
async function begun(append: (entry: LedgerEntry) => Promise<void>) {
  const jobs = new BackgroundJobs()
  const ids = { callId: () => 'job1', spanId: () => 's' }
  const clock = { wallMs: () => call.startedAtMs + 9, monotonicMs: () => 0 }
  const road = { jobs, ids, clock, prices: book(), budgets: noBudgets(), journal: { append } }
  const open = {
    call,
    entry: { ...entry, call },
    arrival: { match: { metered: true } },
    ask: { facts: { background: true } },
  }
  const reading = { ...noReading, responseId: 'resp_1', status: 'queued' }
  const ended = { open, answer: { status: 200 }, delivery: { reading } }
  await bookJob(road as unknown as Road, ended as unknown as EndedCall)
  return jobs
}

test('a background response is in the journal before it is known, with an id of its own', async () => {
  const written: LedgerEntry[] = []
  const jobs = await begun(async (one) => void written.push(one))
  assert.deepEqual(written, [{ ...entry, call: { ...call, callId: 'job1' }, responseId: 'resp_1' }])
  assert.deepEqual(jobs.find('up', 'resp_1'), written[0])
})

test('one that a full disk does not take is booked at once with what its request is guessed to cost', async () => {
  const written: LedgerEntry[] = []
  const jobs = await begun(async (one) => {
    if (one.kind === 'open') throw new JournalFault('journal_full', 'no room')
    written.push(one)
  })
  assert.equal(jobs.find('up', 'resp_1'), null)
  const [record, ...others] = written
  assert.ok(record?.kind === 'settle' && others.length === 0)
  const { callId } = record.call
  assert.deepEqual([callId, record.outcome, record.usageSource], ['job1', 'cancelled', 'estimated'])
  assert.equal(record.cost.totalPicoUsd, 1200n * 2_000_000n)
  assert.deepEqual([record.endedAtMs, record.latencyMs], [call.startedAtMs + 9, 9])
})
