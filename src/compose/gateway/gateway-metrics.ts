import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Config } from '#config/config.ts'
import type { Payer } from '#core/attribution/payer.ts'
import type { BudgetScope, LimitStatus } from '#core/budget/budget.ts'
import type { LedgerEntry } from '#core/ledger/entry.ts'
import { readConsoleMetrics } from '#edge/console/metrics.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { callFamilies } from '#gateway/metrics/call-families.ts'
import { CallMetrics } from '#gateway/metrics/call-metrics.ts'
import { stateDefinitions } from '#gateway/metrics/definitions.ts'
import { departmentBudgets } from '#gateway/metrics/department-budgets.ts'
import { createMetricsDoor, type MetricsDoor } from '#gateway/metrics/door.ts'
import { type Family, familiesOf } from '#gateway/metrics/family.ts'
import { HistogramCell } from '#gateway/metrics/histogram-cell.ts'
import { LabelCaps } from '#gateway/metrics/label-caps.ts'
import { RoadCounts } from '#gateway/metrics/road-counts.ts'
import { type MetricsSource, Scrape } from '#gateway/metrics/scrape.ts'
import { stateFamilies } from '#gateway/metrics/state-families.ts'
import type { Log } from '#lib/log.ts'
import { dataPath } from '#store/data-paths.ts'
import { journalSizeBytes } from '#store/journal/size.ts'
import type { WatchedJournal } from '#store/journal/writer.ts'
import { version } from '../version.ts'

/** What is asked at a scrape; all of it exists only after the journal, which is written from the first moment on. */
interface Watched {
  readonly journal: WatchedJournal
  readonly limits: () => readonly LimitStatus[]
  readonly callsInFlight: () => number
  readonly ready: () => boolean
  readonly admits: (token: string) => boolean
}

/** How long the console may take to say its metrics; a scrape has no more than that to spare. */
const consoleTimeoutMs = 1_000

/** All that `/metrics` of a gateway shows, from where it is counted to its text. */
export class GatewayMetrics {
  readonly counts = new RoadCounts()
  readonly #caps: LabelCaps
  readonly #calls: CallMetrics
  readonly #syncs = new HistogramCell(stateDefinitions.journalSync)
  readonly #log: Log
  #config: Config
  #failed = false

  constructor(config: Config, log: Log) {
    this.#config = config
    this.#log = log
    this.#caps = new LabelCaps(config.metrics.labelValues)
    this.#calls = new CallMetrics({ caps: this.#caps, inputsOf: this.counts.inputsOf })
    this.#reserve(config)
  }

  /** To be told of every block of the journal that is written. Never throws: metrics must not keep calls from ending. */
  readonly written = (entries: readonly LedgerEntry[]): void => {
    try {
      this.#calls.written(entries)
    } catch (error) {
      if (!this.#failed)
        this.#log.error({ err: error }, 'calls cannot be counted; their metrics are too low from now on')
      this.#failed = true
    }
  }

  readonly synced = (durationMs: number): void => {
    this.#syncs.observe(durationMs / 1000)
  }

  configure(config: Config): void {
    this.#config = config
    this.#caps.configure(config.metrics.labelValues)
    this.#reserve(config)
  }

  /** Names that stand on keys have their place under the caps, as those in the configuration. */
  readonly reserveFor = (
    keys: readonly { readonly attribution: Payer; readonly revokedAtMs: number | null }[],
  ): void => {
    const payers = keys.filter(({ revokedAtMs }) => revokedAtMs === null).map(({ attribution }) => attribution)
    this.#caps.reserve(
      'department',
      payers.map(({ department }) => department),
    )
    this.#caps.reserve(
      'project',
      payers.map(({ project }) => project),
    )
  }

  /** The door, once there is something behind it. */
  open(watched: Watched): MetricsDoor {
    const socketPath = dataPath(this.#config.dataDir, 'adminSocket')
    const console: MetricsSource = {
      up: stateDefinitions.consoleUp,
      read: async () => {
        const metrics = await readConsoleMetrics(socketPath, consoleTimeoutMs)
        return metrics === null ? null : familiesOf(metrics)
      },
    }
    const scrape = new Scrape({ own: () => this.#own(watched), sources: [console], timers: systemTimers })
    return createMetricsDoor({
      render: scrape.render,
      access: () => ({ public: this.#config.metrics.public, admits: watched.admits }),
      onFault: (error) => this.#log.error({ err: error }, 'the metrics cannot be shown'),
    })
  }

  async #own({ journal, limits, callsInFlight, ready }: Watched): Promise<readonly Family[]> {
    const directory = dataPath(this.#config.dataDir, 'journal')
    const [sizeBytes, runtime] = await Promise.all([
      journalSizeBytes(directory).catch(() => null),
      processRegistry().getMetricsAsJSON(),
    ])
    // First, since it is what looks how much room there is.
    const refusing = journal.refusal() !== null
    const { bytes: writtenBytes, freeBytes } = journal.stats()
    const { opens, settles } = this.#calls
    const { prefixes } = this.#config.metrics
    const state = {
      ...{ version, nodeVersion: process.version, callsInFlight: callsInFlight(), ready: ready() },
      journal: { sizeBytes, freeBytes, writtenBytes, refusing, opens, settles, syncs: this.#syncs },
      limits: limits(),
      departments: departmentBudgets(this.#config.budgets),
    }
    return [
      ...callFamilies(this.#calls, prefixes),
      ...this.counts.families(this.#caps, systemClock.monotonicMs()),
      ...stateFamilies(state, prefixes),
      ...familiesOf(runtime),
    ]
  }

  /** Names that stand in the configuration have their place under the caps, whatever callers send first. */
  #reserve({ keys, budgets, incoming, providers, aliases, prices }: Config): void {
    const payers = [...keys, ...incoming].map(({ attribution }) => attribution)
    const scopes = budgets.map(({ scope }) => scope.payer)
    this.#caps.reserve('department', [...payers.map((payer) => payer.department), ...named(scopes, 'department')])
    this.#caps.reserve('project', [...payers.map((payer) => payer.project), ...named(scopes, 'project')])
    this.#caps.reserve('provider', [
      ...providers.flatMap(({ name, kind }) => [name, kind]),
      ...incoming.map(({ source }) => source),
    ])
    this.#caps.reserve('model', literal([...aliases.map(({ target }) => target), ...prices.map(({ model }) => model)]))
  }
}

function named(scopes: readonly BudgetScope['payer'][], field: 'department' | 'project'): string[] {
  return scopes.flatMap((scope) => scope[field] ?? [])
}

function literal(globs: readonly string[]): string[] {
  return globs.filter((glob) => !/[*?]/.test(glob))
}

let shared: Registry | null = null

/** What prom-client knows of this process: there is one of it, however often it is asked. */
function processRegistry(): Registry {
  if (shared === null) {
    shared = new Registry()
    collectDefaultMetrics({ register: shared, labels: { role: 'gateway' } })
  }
  return shared
}
