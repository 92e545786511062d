import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { randomFrom } from '#simulator/random.ts'
import { TollgateProcess } from '#test/crash/tollgate-process.ts'
import { duplicate, processed, relaySource, send } from './sending.ts'

const nobody = 'http://127.0.0.1:9'

async function recordsById(gateway: TollgateProcess): Promise<Map<string, SettleEntry[]>> {
  const entries = (await gateway.entries()).filter((entry) => entry.kind === 'settle')
  return Map.groupBy(entries, (entry) => entry.call.requestId)
}

test('what was answered right before a kill -9 is known after it', async (t) => {
  const gateway = await TollgateProcess.prepare({ upstream: nobody, more: relaySource })
  t.after(() => gateway.remove())
  const event = { id: 'evt_1', cost: { total_usd: 1.5 } }
  assert.ok(await gateway.start(), gateway.stderr)
  assert.deepEqual(await send(gateway.url, event), processed)
  await gateway.kill()
  for (let start = 0; start < 2; start++) {
    assert.ok(await gateway.start(), gateway.stderr)
    assert.deepEqual(await send(gateway.url, event), duplicate)
    if (start === 0) await gateway.kill()
  }
  assert.equal(await gateway.terminate(), 0)
  assert.ok(await gateway.start(), gateway.stderr)
  assert.deepEqual(await send(gateway.url, event), duplicate)
  assert.equal((await recordsById(gateway)).get('evt_1')?.length, 1)
})

/** `SEED=…` runs it again, as far as the machine's own timing allows. */
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

test(`events that are sent again until they are taken count once, over kills at any moment (seed ${seed})`, async (t) => {
  const gateway = await TollgateProcess.prepare({ upstream: nobody, more: relaySource })
  t.after(() => gateway.remove())
  const random = randomFrom(seed)
  assert.ok(await gateway.start(), gateway.stderr)
  let ending = false
  const taken: string[] = []
  const sender = async (name: number): Promise<void> => {
    for (let count = 0; !ending; count++) {
      const event = { id: `evt_${name}_${count}`, cost: { total_usd: count } }
      // Without an answer a sender knows nothing, and sends again: also what was booked already.
      for (;;) {
        const answer = await send(gateway.url, event).catch(() => null)
        if (answer?.status === 200) break
        // The pace at which it tries again, as senders do.
        await pause(2)
      }
      taken.push(event.id)
    }
  }
  const senders = Promise.all(Array.from({ length: 8 }, (_, name) => sender(name)))
  for (let kill = 0; kill < 6; kill++) {
    // Nothing is waited for: the moment is chance. Some kills come before the table was first written, some after.
    await pause(50 + random() * 1_500)
    await gateway.kill()
    assert.ok(await gateway.start(), gateway.stderr)
  }
  ending = true
  await senders
  const records = await recordsById(gateway)
  assert.ok(taken.length > 100, 'the load was too small to tell anything')
  assert.deepEqual([...records.keys()].sort(), [...taken].sort())
  assert.deepEqual(
    [...records.values()].filter((entries) => entries.length !== 1),
    [],
  )
})
