import { hash } from 'node:crypto'
import { layRoad, makeGround } from '#compose/gateway/road.ts'
import type { Config } from '#config/config.ts'
import { loadConfig } from '#config/load.ts'
import { createKeyRing } from '#core/keys/ring.ts'
import { noBudgets } from '#gateway/budgets/desk.ts'
import { RunningCalls } from '#gateway/call-control.ts'
import { RoadCounts } from '#gateway/metrics/road-counts.ts'
import type { Road } from '#gateway/road.ts'
import { globMatcher } from '#lib/glob.ts'
import type { Journal, Upstream } from '#ports.ts'
import { openCatalog, type PriceCatalog } from '#providers/catalog/catalog.ts'
import { callerSecret } from '#test/support/stack.ts'
import type { Machine } from './machine.ts'

const text = `
providers:
  - {name: openai, kind: openai, api_key: sk-upstream, retries: {max: 3, base_ms: 100}}
  - {name: anthropic, kind: anthropic, api_key: sk-upstream, retries: {max: 3, base_ms: 100}}
keys:
  - {name: team, key: ${callerSecret}}
limits: {read_after_disconnect_ms: 150, read_after_disconnect_bytes: 2000}
`

export interface RoadParts {
  readonly machine: Machine
  readonly journal: Journal
  readonly upstream: Upstream
  readonly chance: () => number
}

/** Lays roads for runs: what does not change from run to run is made once. */
export class RoadWorks {
  readonly #base: Road

  private constructor(config: Config, catalog: PriceCatalog) {
    const ring = createKeyRing({
      fromConfig: config.keys,
      stored: [],
      digest: (secret) => hash('sha256', secret),
      sameDigest: (a, b) => a === b,
      matcher: globMatcher,
    })
    const ground = makeGround({
      journal: noJournal,
      keys: () => ring,
      catalog,
      estimator: {
        inputTokens: async (body) => Math.ceil(body.length / 4),
        outputTokens: async (output) => Math.ceil(output.length / 4),
        countText: async (text) => Math.ceil(text.length / 4),
      },
      largeRequests: { read: () => fail() },
      budgets: noBudgets(),
      promptHashSecret: 'simulation',
      counts: new RoadCounts(),
      openPools: (options) => options.map(() => ({ send: () => fail() })),
      onFault: fail,
    })
    this.#base = layRoad(config, ground, null)
  }

  static async prepare(): Promise<RoadWorks> {
    const loaded = loadConfig({ env: { TOLLGATE_CONFIG: 'test.yaml' }, cwd: '/', readFile: () => text })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
    return new RoadWorks(loaded.config, await openCatalog())
  }

  get prices(): Road['prices'] {
    return this.#base.prices
  }

  lay({ machine, journal, upstream, chance }: RoadParts): Road {
    let calls = 0
    const { time } = machine
    const upstreams = new Map([...this.#base.upstreams].map(([name, one]) => [name, { ...one, door: upstream }]))
    return {
      ...this.#base,
      clock: { wallMs: () => time.wallMs(), monotonicMs: () => time.monotonicMs() },
      timers: time,
      ids: {
        callId: () => `call${String(calls++).padStart(4, '0')}`,
        traceId: () => String(calls).padStart(32, '0'),
        spanId: () => String(calls).padStart(16, '0'),
        chance,
      },
      journal,
      upstreams,
      running: new RunningCalls(),
      counts: new RoadCounts(),
      onFault: (error) => machine.violation(`a fault of the gateway: ${error instanceof Error ? error.stack : error}`),
    }
  }
}

function fail(): never {
  throw new Error('not for use')
}

const noJournal: Journal = { append: fail, refusal: fail, close: fail }
