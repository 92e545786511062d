import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { composeSimulator, type RunningSimulator } from '#compose/simulator/simulator.ts'
import { until } from '#test/support/until.ts'
import { callKinds, makeCall, newAgent } from './calls.ts'
import { reconcile } from './reconcile.ts'
import { TollgateProcess } from './tollgate-process.ts'

let simulator: RunningSimulator

before(async () => {
  const timing = { ttftMs: 1, tokensPerSecond: 100 }
  simulator = await composeSimulator({ listen: { host: '127.0.0.1', port: 0 }, timing })
})
after(() => simulator.close())

test('SIGTERM in the middle of streams: the short ones end, the long ones are booked as interrupted', async () => {
  const gateway = await TollgateProcess.prepare({ upstream: simulator.address, drainMs: 2000 })
  try {
    assert.ok(await gateway.start(), gateway.stderr)
    const agent = newAgent()
    const short = callKinds.map((kind, i) =>
      makeCall(gateway.url, agent, { kind, id: `short-${i}`, prompt: 'Say little', wishes: 'tokens=20 reasoning=0' }),
    )
    const long = callKinds.map((kind, i) =>
      makeCall(gateway.url, agent, { kind, id: `long-${i}`, prompt: 'Say much', wishes: 'tokens=3000' }),
    )
    await until('all calls at the provider', () => runningCalls(gateway.url, callKinds.length * 2))
    assert.equal(await gateway.terminate(), 0, gateway.stderr)

    const shortResults = await Promise.all(short)
    const longResults = await Promise.all(long)
    agent.destroy()
    for (const { fate, kind } of shortResults) assert.equal(fate, 'whole', kind.name)
    for (const { kind, fate, status, text } of longResults) {
      assert.equal(fate, 'failed', kind.name)
      // A stream says it in an event of its own; a plain call has got nothing yet and can be told properly.
      if (!kind.stream) assert.equal(status, 503, kind.name)
      assert.match(text, kind.stream ? /interrupted/i : /shutting_down/i, kind.name)
    }
    const entries = await gateway.entries()
    const bill = [...simulator.simulation.bill.entries()]
    const done = reconcile([...shortResults, ...longResults], entries, bill)
    assert.deepEqual([done.whole, done.interrupted], [callKinds.length, callKinds.length])
    assert.equal((await gateway.verify()).code, 0)
    assert.ok(await gateway.start(), gateway.stderr)
    assert.equal(gateway.stderr.includes('booked as interrupted'), false, 'nothing was left open')
  } finally {
    await gateway.remove()
  }
})

async function runningCalls(url: string, wanted: number): Promise<boolean> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return text.includes(`\ntollgate_calls_in_flight ${wanted}\n`)
}
