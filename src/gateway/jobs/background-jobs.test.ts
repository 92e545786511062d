import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeEntry, encodeEntry } from '#core/ledger/codec.ts'
import { openEntry } from '#test/journal/entries.ts'
import { BackgroundJobs, isJob, type JobEntry } from './background-jobs.ts'

const day = 24 * 60 * 60 * 1000

function job(responseId: string, startedAtMs = 0): JobEntry {
  const entry = openEntry(`call-${responseId}`)
  return { ...entry, call: { ...entry.call, startedAtMs }, responseId }
}

test('a job is taken once, and by its own provider only', () => {
  const jobs = new BackgroundJobs([job('resp_1')])
  const { upstream } = job('resp_1').call
  assert.equal(jobs.take('another', 'resp_1'), null)
  assert.equal(jobs.take(upstream, 'resp_2'), null)
  assert.deepEqual(jobs.take(upstream, 'resp_1'), job('resp_1'))
  assert.equal(jobs.take(upstream, 'resp_1'), null)
})

test('jobs are overdue after 30 days, oldest first', () => {
  // A job that is given another name comes last.
  const jobs = new BackgroundJobs([job('resp_2', day), job('resp_1', 0)])
  assert.equal(jobs.takeOverdue(30 * day - 1), null)
  assert.equal(jobs.takeOverdue(30 * day)?.responseId, 'resp_1')
  assert.equal(jobs.takeOverdue(30 * day), null)
  assert.equal(jobs.takeOverdue(31 * day)?.responseId, 'resp_2')
  assert.equal(jobs.count, 0)
})

test('the oldest go when there are too many', () => {
  const jobs = new BackgroundJobs()
  for (let index = 0; index <= 10_000; index++) jobs.add(job(`resp_${index}`))
  assert.equal(jobs.takeOverdue(0)?.responseId, 'resp_0')
  assert.equal(jobs.takeOverdue(0), null)
})

test('a job is still one after it was written and read', () => {
  const read = decodeEntry(encodeEntry(job('resp_1')))
  assert.deepEqual(read, job('resp_1'))
  assert.ok(read.kind === 'open' && isJob(read))
  const ordinary = decodeEntry(encodeEntry(openEntry('c1')))
  assert.ok(ordinary.kind === 'open' && !isJob(ordinary))
})

test('who comes second waits until what the first one took is booked, and a failure leaves it pending', async () => {
  const jobs = new BackgroundJobs([job('resp_1')])
  const { upstream } = job('resp_1').call
  const written = Promise.withResolvers<void>()
  const taken = jobs.take(upstream, 'resp_1')
  assert.ok(taken !== null)
  const first = jobs.settle(taken, () => written.promise)
  const order: string[] = []
  const second = assert.rejects(jobs.settled(upstream, 'resp_1'), /full/).then(() => order.push('second'))
  await jobs.settled(upstream, 'resp_2')
  order.push('other')
  written.reject(new Error('full'))
  await assert.rejects(first, /full/)
  await second
  assert.deepEqual(order, ['other', 'second'])
  assert.deepEqual(jobs.find(upstream, 'resp_1'), taken)
  await jobs.settled(upstream, 'resp_1')
})

test('what is read is read until the last reader is done', () => {
  const jobs = new BackgroundJobs()
  const ends = [jobs.read('up', 'file'), jobs.read('up', 'file')]
  assert.ok(jobs.isRead('up', 'file') && !jobs.isRead('other', 'file'))
  ends[0]?.()
  assert.ok(jobs.isRead('up', 'file'))
  ends[1]?.()
  assert.ok(!jobs.isRead('up', 'file'))
})
