import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type AlertEvent, alertTypes, severities } from '#core/alerting/alert.ts'
import type { DeliveryOutcome, DeliveryState } from '#core/alerting/outbox.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import type { Log } from '#lib/log.ts'
import type { InsertTry } from '#store/ingest/ingester.ts'
import type { OnTried } from './alerts.ts'
import type { UsageSide } from './usage-side.ts'

/** What is looked at whenever somebody asks. */
export interface ConsoleSources {
  readonly usage: Pick<UsageSide, 'ingest' | 'storeUp'>
  /** See `AlertSide`. */
  firing(): readonly AlertEvent[] | null
  /** Messages that have not arrived, by receiver. */
  waiting(): Promise<ReadonlyMap<string, number>>
}

/** What the console tells of itself as metrics. Counts are those of this process: they begin at 0 when it does. */
interface ConsoleMetrics {
  /** Whatever else is measured in this process registers here, and is told with the rest. */
  readonly registry: Registry
  readonly onInsert: (insert: InsertTry) => void
  readonly onTried: OnTried
  /** Those that are configured: no other stands in a label. */
  receiversAre(receivers: readonly Pick<Receiver, 'name'>[]): void
  /** From now on they are asked. To be called once. */
  follow(sources: ConsoleSources): void
}

const results: Readonly<Record<DeliveryState, string>> = {
  delivered: 'delivered',
  // Of one try: it has failed, and another one follows.
  pending: 'failed',
  failed: 'given_up',
}

export function consoleMetrics(log: Pick<Log, 'warn'>): ConsoleMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, labels: { role: 'console' } })
  const deliveries = new Deliveries(registry)
  const gauges = new Readings(registry, log)
  return {
    registry,
    onInsert: insertMetrics(registry),
    onTried: (receiver, outcome) => deliveries.tried(receiver, outcome),
    receiversAre: (receivers) => deliveries.receiversAre(receivers.map(({ name }) => name)),
    follow(sources) {
      followIngest(gauges, sources.usage)
      followAlerts(gauges, sources, () => deliveries.receivers)
    },
  }
}

function insertMetrics(registry: Registry): ConsoleMetrics['onInsert'] {
  const registers = [registry]
  const batches = new Counter({
    name: 'tollgate_ingest_batches_total',
    help: 'Batches of records that the store took.',
    registers,
  })
  const failures = new Counter({
    name: 'tollgate_store_insert_failures_total',
    help: 'Batches of records that the store did not take; each is tried again.',
    registers,
  })
  const seconds = new Histogram({
    name: 'tollgate_ingest_insert_seconds',
    help: 'How long the store took for a batch of records that it took.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  })
  return ({ taken, durationMs }) => {
    if (!taken) return failures.inc()
    batches.inc()
    seconds.observe(durationMs / 1000)
  }
}

function followIngest(readings: Readings, usage: ConsoleSources['usage']): void {
  const { ingest } = usage
  const flag = (value: boolean) => [{ labels: {}, value: value ? 1 : 0 }]
  const number = (value: number) => [{ labels: {}, value }]
  readings.gauge(
    {
      name: 'tollgate_ingest_lag_records',
      help: 'Settled calls of the journal that are not in the store yet.',
    },
    async () => number((await ingest.lag()).records),
  )
  readings.gauge(
    {
      name: 'tollgate_ingest_lag_seconds',
      help: 'For how long the oldest settled call that is not in the store yet has been waiting; 0 where none is.',
    },
    async () => number((await ingest.lag()).ageMs / 1000),
  )
  readings.gauge(
    {
      name: 'tollgate_ingest_stopped',
      help: '1 while something keeps the journal from being brought into the store; it is tried again.',
    },
    async () => flag(ingest.state().fault !== null),
  )
  readings.gauge(
    { name: 'tollgate_store_up', help: '1 while the store answers, and takes what it is given.' },
    async () => flag(await usage.storeUp()),
  )
  readings.counter(
    { name: 'tollgate_ingest_records_total', help: 'Records brought into the store.' },
    () => ingest.state().rows,
  )
  readings.counter(
    {
      name: 'tollgate_ingest_quarantined_total',
      help: 'Entries of the journal that can be no record and went to quarantine.',
    },
    () => ingest.state().rejected,
  )
}

function followAlerts(
  readings: Readings,
  { firing, waiting }: Pick<ConsoleSources, 'firing' | 'waiting'>,
  receivers: () => Iterable<string>,
): void {
  readings.gauge(
    {
      name: 'tollgate_alert_deliveries_pending',
      help: 'Messages that have not arrived at a receiver yet.',
      labelNames: ['receiver'],
    },
    async () => {
      const messages = await waiting()
      return Array.from(receivers(), (receiver) => ({ labels: { receiver }, value: messages.get(receiver) ?? 0 }))
    },
  )
  readings.gauge(
    { name: 'tollgate_alerts_firing', help: 'Alerts that fire now.', labelNames: ['type', 'severity'] },
    async () => {
      const events = firing()
      if (events === null) return []
      return alertTypes.flatMap((type) =>
        severities.map((severity) => {
          const value = events.filter((event) => event.type === type && event.severity === severity).length
          return { labels: { type, severity }, value }
        }),
      )
    },
  )
}

interface Named {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Metrics that are read when somebody asks. What cannot be read is left out: one of them must not cost the others. */
class Readings {
  readonly #registry: Registry
  readonly #log: Pick<Log, 'warn'>

  constructor(registry: Registry, log: Pick<Log, 'warn'>) {
    this.#registry = registry
    this.#log = log
  }

  gauge({ name, help, labelNames = [] }: Named, read: () => Promise<readonly Sample[]>): void {
    const log = this.#log
    const registers = [this.#registry]
    new Gauge({
      ...{ name, help, labelNames, registers },
      async collect() {
        const samples = await read().catch((error: unknown) => {
          log.warn({ err: error }, `${name} cannot be read`)
          return []
        })
        this.reset()
        // Without labels it is 0 after a reset, which would be said.
        if (labelNames.length === 0) this.remove({})
        for (const { labels, value } of samples) this.set(labels, value)
      },
    })
  }

  /** `read` only ever goes up. */
  counter({ name, help }: Named, read: () => number): void {
    const registers = [this.#registry]
    new Counter({
      ...{ name, help, registers },
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
}

/** Tries to deliver, by receiver. */
class Deliveries {
  readonly #tries
  readonly #seconds
  #receivers: ReadonlySet<string> = new Set()

  constructor(registry: Registry) {
    const registers = [registry]
    this.#tries = new Counter({
      name: 'tollgate_alert_deliveries_total',
      help: 'Tries to deliver a message: delivered, failed (to be tried again) or given_up.',
      labelNames: ['receiver', 'result'],
      registers,
    })
    this.#seconds = new Histogram({
      name: 'tollgate_alert_delivery_seconds',
      help: 'How long a try to deliver a message took, whatever came of it.',
      labelNames: ['receiver'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    })
  }

  get receivers(): ReadonlySet<string> {
    return this.#receivers
  }

  receiversAre(names: readonly string[]): void {
    const wanted = new Set(names)
    for (const receiver of this.#receivers.difference(wanted)) {
      for (const result of Object.values(results)) this.#tries.remove({ receiver, result })
      this.#seconds.remove({ receiver })
    }
    for (const receiver of wanted.difference(this.#receivers)) {
      // There from the beginning, so that the first one is seen as a rise.
      for (const result of Object.values(results)) this.#tries.inc({ receiver, result }, 0)
      this.#seconds.zero({ receiver })
    }
    this.#receivers = wanted
  }

  /** Of a receiver that is no longer configured, the last message may still be under way. */
  tried(receiver: string, { state, attempt }: DeliveryOutcome): void {
    if (!this.#receivers.has(receiver)) return
    this.#tries.inc({ receiver, result: results[state] })
    this.#seconds.observe({ receiver }, attempt.durationMs / 1000)
  }
}
