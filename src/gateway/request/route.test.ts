import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AccentName, accentNamed } from '#providers/answers/accents.ts'
import { matchEndpoint } from '#providers/endpoints.ts'
import { Machine } from '#test/simulation/machine.ts'
import { planRun } from '#test/simulation/plan.ts'
import { RoadWorks } from '#test/simulation/road.ts'
import { exchange, never } from '#test/support/asking-exchange.ts'
import type { Road } from '../road.ts'
import { admit } from './admit.ts'
import { readAsk } from './ask.ts'
import { chooseRoute } from './route.ts'

const works = await RoadWorks.prepare()
const streamed = '{"model":"gpt-4.1-mini","stream":true,"messages":[]}'

/** What a provider that answers in this accent is sent, and whether its chunk of usage is ours. */
function sentTo(accent: AccentName): { body: string; askedForUsage: boolean } {
  const journal = { append: never, refusal: never, close: never }
  const laid = works.lay({ machine: new Machine(planRun(0)), journal, upstream: { send: never }, chance: () => 0 })
  const speaking = [...laid.upstreams].map(([name, one]) => [name, { ...one, accent: accentNamed(accent) }] as const)
  const road: Road = { ...laid, upstreams: new Map(speaking) }
  const match = matchEndpoint(exchange.method, exchange.path, exchange.headers)
  assert.ok(match !== null)
  const arrival = { exchange, match, callId: 'c', requestId: 'c', startedAtMs: 0, arrivedAtMs: 0, trace: null }
  const caller = admit(road, exchange, 0)
  assert.ok(caller.kind === 'admitted')
  const ask = readAsk(road, arrival, caller, Buffer.from(streamed))
  assert.ok('kind' in ask && ask.kind === 'ask')
  const route = chooseRoute(road, arrival, caller, ask)
  assert.ok(route.kind === 'route' && Buffer.isBuffer(route.request.body))
  return { body: route.request.body.toString(), askedForUsage: route.askedForUsage }
}

test('a stream is asked for its usage, but of a vendor that reports it unasked and refuses the question', () => {
  const { body, askedForUsage } = sentTo('plain')
  assert.deepEqual(JSON.parse(body).stream_options, { include_usage: true })
  assert.equal(askedForUsage, true)
  assert.deepEqual(sentTo('mistral'), { body: streamed, askedForUsage: false })
})
