import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { mountSmallDisk, type SmallDisk } from '#test/support/small-disk.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { type Answered, duplicate, errorOf, post, processed, relaySource, send } from './sending.ts'

const full = [503, 'journal_full', null] as const
const perRound = 40

/** A gateway on a small disk of its own; null where none can be mounted, which is said. */
async function startOnSmallDisk(t: TestContext): Promise<{ stack: Stack; disk: SmallDisk } | null> {
  const disk = mountSmallDisk(16)
  if (disk === null) {
    t.diagnostic('no disk can be mounted here: costs metered elsewhere do not meet a full one')
    return null
  }
  const stack = await startStack({
    // Nothing is refused before a write has failed, so that costs are on their way into the journal when one does.
    more: `journal: {min_free_bytes: 0, segment_bytes: 65536}\n${relaySource}`,
    dataDir: join(disk.path, 'data'),
  })
  t.after(async () => {
    await stack.stop()
    disk.unmount()
  })
  return { stack, disk }
}

/** Both doors: bills for even numbers, signed events for odd ones. */
function sendCost({ url, key }: Stack, n: number): Promise<Answered> {
  if (n % 2 === 1) return send(url, { id: `cost_${n}`, cost: { total_usd: n } })
  const bill = { vendor: 'gpu-cloud', cost_center: 'cc_eng', amount_usd: n, resource_id: `cost_${n}` }
  return post(`${url}/v1/billing/webhook`, JSON.stringify(bill), { authorization: `Bearer ${key}` })
}

/** How often each is in the ledger. */
async function booked(stack: Stack): Promise<Record<string, number>> {
  const entries = Map.groupBy(await stack.ledger(), ({ call }) => call.requestId)
  return Object.fromEntries([...entries].map(([id, { length }]) => [id, length]))
}

function once(numbers: readonly number[]): Record<string, number> {
  return Object.fromEntries(numbers.map((n) => [`cost_${n}`, 1]))
}

test('costs that come while the disk is full are booked or refused, and count once when they are sent again', async (t) => {
  const started = await startOnSmallDisk(t)
  if (started === null) return
  const { stack, disk } = started
  const taken: number[] = []
  const refused: number[] = []
  const sendSome = async (from: number): Promise<void> => {
    const numbers = Array.from({ length: 20 }, (_, at) => from + at)
    const answers = await Promise.all(numbers.map((n) => sendCost(stack, n)))
    for (const [at, answer] of answers.entries()) {
      const n = from + at
      if (answer.status === 200) {
        assert.deepEqual(answer, processed)
        taken.push(n)
      } else {
        assert.deepEqual(errorOf(answer), full)
        refused.push(n)
      }
    }
  }
  await sendSome(0)
  assert.equal(taken.length, 20)
  disk.fill()
  // What is on its way when the first write fails still has the reserve.
  for (let from = 20; refused.length < 60; from += 20) await sendSome(from)
  assert.deepEqual(await booked(stack), once(taken))
  assert.equal(await stack.counter('tollgate_external_events_total'), taken.length)

  disk.fill()
  await assert.rejects(stack.stopGateway(), { name: 'JournalFault', code: 'journal_full' })
  await stack.startGateway()
  assert.deepEqual(errorOf(await sendCost(stack, 0)), full)
  assert.deepEqual(await booked(stack), once(taken))

  disk.empty()
  await until('costs to be taken again', async () => (await sendCost(stack, 0)).status === 200)
  for (const n of taken) assert.deepEqual(await sendCost(stack, n), duplicate)
  for (const n of refused) assert.deepEqual(await sendCost(stack, n), processed)
  for (const n of refused) assert.deepEqual(await sendCost(stack, n), duplicate)
  assert.deepEqual(await booked(stack), once([...taken, ...refused].sort((a, b) => a - b)))
})

test('costs for which nothing is left wait for room, or for the end of the gateway, and count once', async (t) => {
  const started = await startOnSmallDisk(t)
  if (started === null) return
  const { stack, disk } = started
  const reserve = join(stack.dataDir, 'journal', 'reserve')

  for (const [round, end] of (['room', 'stop'] as const).entries()) {
    await until('what is kept back to be there', () => existsSync(reserve))
    rmSync(reserve)
    disk.fill()
    // More than what the last page of the segment still takes.
    const numbers = Array.from({ length: perRound }, (_, at) => round * perRound + at)
    let answered = 0
    const sent = numbers.map((n) => sendCost(stack, n).finally(() => answered++))
    await until('the full disk to be noticed', async () => (await fetch(`${stack.url}/ready`)).status === 503)
    // Whoever gives up waiting and sends it again is refused, whether or not the first one is still on its way.
    for (const n of numbers) assert.deepEqual(errorOf(await sendCost(stack, n)), full)
    assert.ok(answered < numbers.length, 'none is on its way into the journal')
    const before = Object.values(await booked(stack))
    assert.ok(before.every((times) => times === 1) && before.length < (round + 1) * perRound)
    if (end === 'stop') {
      await assert.rejects(stack.stopGateway(), { name: 'JournalFault', code: 'journal_full' })
      const given = (await Promise.all(sent)).filter(({ status }) => status !== 200)
      assert.ok(given.length > 0)
      for (const answer of given) assert.deepEqual(errorOf(answer), full)
      disk.empty()
      await stack.startGateway()
    } else {
      disk.empty()
      const answers = await Promise.all(sent)
      assert.ok(answers.some(({ status }) => status === 200))
    }
    await until('all to be taken', async () => {
      const again = await Promise.all(numbers.map((n) => sendCost(stack, n)))
      return again.every(({ status }) => status === 200)
    })
    assert.deepEqual(await booked(stack), once(taken(round + 1)))
  }
})

/** All numbers of so many rounds. */
function taken(rounds: number): number[] {
  return Array.from({ length: rounds * perRound }, (_, n) => n)
}
