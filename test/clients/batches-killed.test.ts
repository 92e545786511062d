import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { composeSimulator } from '#compose/simulator/simulator.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { randomFrom } from '#simulator/random.ts'
import { TollgateProcess } from '#test/crash/tollgate-process.ts'
import { callerSecret } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'

/** `SEED=… node --test test/clients/batches-killed.test.ts` runs it again, as far as the machine's timing allows. */
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

const headers = {
  'x-api-key': callerSecret,
  'anthropic-version': '2023-06-01',
  'content-type': 'application/json',
  connection: 'close',
}

/** The whole answer, or null where it broke off or was refused. */
async function call(url: string, body?: unknown): Promise<string | null> {
  try {
    const asked = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const answer = await fetch(url, { headers, ...asked })
    const text = await answer.text()
    return answer.status === 200 ? text : null
  } catch {
    return null
  }
}

const models = ['claude-haiku-4-5', 'claude-sonnet-4-5']

function order(): unknown {
  const messages = [{ role: 'user', content: 'Tell me about bridges.' }]
  return { requests: models.map((model) => ({ custom_id: model, params: { model, max_tokens: 20, messages } })) }
}

test(`whoever has the results of a batch has them booked once, wherever the gateway dies (seed ${seed})`, async (t) => {
  const random = randomFrom(seed)
  const simulator = await composeSimulator({ listen: { host: '127.0.0.1', port: 0 }, timing: { speed: 0 } })
  t.after(() => simulator.close())
  const gateway = await TollgateProcess.prepare({ upstream: simulator.address })
  t.after(() => gateway.remove())
  assert.ok(await gateway.start(), gateway.stderr)
  const at = `${gateway.url}/v1/messages/batches`
  const told = new Set<string>()
  const read = new Set<string>()
  const booked = async (): Promise<SettleEntry[]> => {
    const entries = await gateway.entries()
    return entries.flatMap((entry) => (entry.kind === 'settle' && entry.marks.includes('batch') ? [entry] : []))
  }
  for (let death = 0; death < 6; death++) {
    const load = { over: false }
    const readBefore = read.size
    const callers = Array.from({ length: 4 }, async () => {
      while (!load.over) {
        const made = await call(at, order())
        if (made === null) continue
        const { id } = JSON.parse(made)
        told.add(id)
        const both = await Promise.all([call(`${at}/${id}/results`), call(`${at}/${id}/results`)])
        if (both.some((text) => text !== null)) read.add(id)
      }
    })
    await until('results to be read', () => read.size > readBefore + 3)
    await pause(random() * 60)
    await gateway.kill()
    load.over = true
    await Promise.all(callers)
    assert.ok(await gateway.start(), gateway.stderr)
    const records = await booked()
    assert.ok(records.length >= read.size * models.length, `${records.length} records of ${read.size} batches`)
  }
  for (const id of told) assert.notEqual(await call(`${at}/${id}/results`), null)
  const records = await booked()
  // Ordered, and its caller never told: nobody can read its results, and it stays pending.
  assert.equal(records.length, told.size * models.length)
  const byOrder = Map.groupBy(records, ({ call: { requestId } }) => requestId)
  assert.equal(byOrder.size, told.size)
  for (const [, some] of byOrder) assert.equal(new Set(some.map(({ modelServed }) => modelServed)).size, models.length)
  assert.ok(records.every(({ cost }) => cost.totalPicoUsd > 0n))
  t.diagnostic(`${told.size} batches, ${read.size} read before a death`)
})
