import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '#lib/log.ts'
import { RequestFaults } from './request-faults.ts'

const fault = (code: string) => Object.assign(new Error(`it is ${code}`), { code })

test('what is away is told of once while it is, and how much failed when it is back', async () => {
  const logged: string[] = []
  const settings = { level: 'info', format: 'json', name: 'console' } as const
  const faults = new RequestFaults(createLog(settings, { write: (line) => logged.push(line) }))
  const said = () => logged.splice(0).map((line) => JSON.parse(line))

  for (let count = 0; count < 5; count++) faults.failed(fault('store_unreachable'))
  faults.failed(fault('gateway_unreachable'))
  assert.deepEqual(
    said().map(({ level, code }) => [level, code]),
    [
      ['error', 'store_unreachable'],
      ['error', 'gateway_unreachable'],
    ],
  )
  await assert.rejects(faults.asking('store_unreachable', () => Promise.reject(fault('store_unreachable'))))
  assert.deepEqual(said(), [], 'no answer, no end')
  assert.equal(await faults.asking('store_unreachable', async () => 'an answer'), 'an answer')
  await faults.asking('store_unreachable', async () => 'another')
  assert.deepEqual(
    said().map(({ level, failed }) => [level, failed]),
    [['info', 5]],
  )
  faults.failed(fault('store_unreachable'))
  faults.failed(fault('gateway_unreachable'))
  assert.equal(said().length, 1, 'an outage of its own')
})

test('what is wrong here is told of each time, with all that is known', () => {
  const logged: string[] = []
  const settings = { level: 'info', format: 'json', name: 'console' } as const
  const faults = new RequestFaults(createLog(settings, { write: (line) => logged.push(line) }))
  for (const error of [fault('store_failed'), new Error('a fault'), 'a text']) faults.failed(error)
  assert.equal(logged.length, 3)
  assert.match(logged[1] ?? '', /request-faults\.test/)
})
