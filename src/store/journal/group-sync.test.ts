import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turn, VirtualTime } from '#test/journal/virtual-time.ts'
import { GroupSync } from './group-sync.ts'

test('who waits for a sync that fails is told of the one that succeeds, in order, and nobody before', async () => {
  const time = new VirtualTime()
  const faults: unknown[] = []
  const told: string[] = []
  let fails = true
  const sync = new GroupSync({
    ...{ mode: 'each', groupMs: 2, clock: time, timers: time, onSynced() {} },
    sync: () => (fails ? Promise.reject(new Error('EIO')) : Promise.resolve()),
    onFault: (fault) => faults.push(fault),
  })
  const block = (name: string) => ({ done: () => told.push(name), fail: () => told.push(`${name} failed`) })
  sync.written(block('first'))
  sync.written(block('second'))
  await turn()
  assert.equal(faults.length, 1)
  sync.written(block('third'))
  await time.pass(1_000)
  assert.deepEqual([told, faults.length, sync.busy], [[], 1, false], 'none is begun before it was mended')
  fails = false
  sync.resume()
  await turn()
  assert.deepEqual([told, sync.count], [['first', 'second', 'third'], 1])
})
