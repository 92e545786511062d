import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#edge/system.ts'
import type { ClientExchange } from '#ports.ts'
import { matchEndpoint } from '#providers/endpoints.ts'
import { faultFields } from './call-fault.ts'
import { createGateway } from './gateway.ts'
import type { Road } from './road.ts'

test('a call that a fault of ours ends is in the log, and in its answer, under its own ids', async () => {
  const broken = new Error('the keys are gone')
  const logged = Promise.withResolvers<object>()
  // As far as a call comes: the first thing that is asked for fails.
  const road = {
    clock: systemClock,
    tracing: null,
    ids: { callId: () => 'call-1', chance: () => 0 },
    claims: null,
    heldBodies: { leave() {} },
    heldAnswers: { has: () => false },
    keys: () => {
      throw broken
    },
    onFault: (fault: unknown) => logged.resolve(faultFields(fault)),
  } as unknown as Road
  const answered = Promise.withResolvers<{ status: number; headers: readonly string[] }>()
  const exchange = {
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { authorization: 'Bearer tg-x', 'x-request-id': 'mine-7' },
    gone: false,
    started: false,
    answer: (status: number, headers: readonly string[]) => answered.resolve({ status, headers }),
  } as unknown as ClientExchange
  assert.notEqual(matchEndpoint(exchange.method, exchange.path, exchange.headers), null)
  const incoming = { take: () => false, configure() {} } as unknown as Parameters<typeof createGateway>[0]['incoming']
  createGateway({ road, handOff() {}, incoming, version: '0', metrics: { take() {} }, host: '127.0.0.1' }).take(
    exchange,
  )
  assert.deepEqual(await logged.promise, { call_id: 'call-1', request_id: 'mine-7', err: broken })
  const { status, headers } = await answered.promise
  assert.equal(status, 500)
  assert.equal(headers[headers.indexOf('x-request-id') + 1], 'mine-7')
})

test('what cannot even begin to be handled is answered, and thrown at nobody', () => {
  const broken = new Error('on purpose')
  const faults: unknown[] = []
  const road = { clock: systemClock, onFault: (fault: unknown) => faults.push(fault) } as unknown as Road
  const incoming = {
    take: () => {
      throw broken
    },
    configure() {},
  }
  const statuses: number[] = []
  const exchange = {
    method: 'GET',
    path: '/anything',
    headers: {},
    gone: false,
    started: false,
    answer: (status: number) => statuses.push(status),
  } as unknown as ClientExchange
  createGateway({ road, handOff() {}, incoming, version: '0', metrics: { take() {} }, host: '127.0.0.1' }).take(
    exchange,
  )
  assert.deepEqual([faults, statuses], [[broken], [500]])
})
