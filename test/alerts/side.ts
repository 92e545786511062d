import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { AlertSide } from '#compose/console/alerts.ts'
import type { Config } from '#config/config.ts'
import { loadConfig } from '#config/load.ts'
import { systemClock } from '#edge/system.ts'
import { createLog } from '#lib/log.ts'
import { openJournal, type WatchedJournal } from '#store/journal/writer.ts'
import { openSettingsAndAlerts, settingsFile } from '#store/settings/open.ts'
import { journalOptions } from '#test/journal/journals.ts'
import { madeConsole } from '#test/support/made-console.ts'
import { until } from '#test/support/until.ts'
import { type Spent, spent } from './entries.ts'
import { FakeReceiver } from './receiver.ts'

export interface ShownAlert {
  readonly id: string
  readonly status: string
  readonly type: string
  readonly told: boolean
  readonly message: string
  readonly labels: Readonly<Record<string, string>>
  readonly notifications: readonly {
    readonly id: string
    readonly receiver: string
    readonly status: string
    readonly attempts: readonly { readonly ok: boolean; readonly status: number | null; readonly detail: string }[]
  }[]
}

/** The alerts of a data directory with a journal that the test writes, and the API in front of them. */
export class Side {
  readonly #t: TestContext
  readonly dataDir: string
  readonly #logged: string[] = []
  #journal: WatchedJournal | null = null
  #stop: (() => Promise<void>) | null = null
  #alerts: AlertSide | null = null
  #app: FastifyInstance | null = null
  #calls = 0

  private constructor(t: TestContext, dataDir: string) {
    this.#t = t
    this.dataDir = dataDir
  }

  static async open(t: TestContext): Promise<Side> {
    const dataDir = mkdtempSync(join(tmpdir(), 'tg-'))
    mkdirSync(join(dataDir, 'run'))
    const side = new Side(t, dataDir)
    side.#journal = (await openJournal(journalOptions(join(dataDir, 'journal'), { fsync: 'none' }))).journal
    t.after(async () => {
      await side.stop()
      await side.#journal?.close()
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
    })
    return side
  }

  async receiver(): Promise<FakeReceiver> {
    const receiver = new FakeReceiver()
    await receiver.start()
    this.#t.after(() => receiver.close())
    return receiver
  }

  config(text: string): Config {
    const env = { TOLLGATE_CONFIG: 'test.yaml', TOLLGATE_DATA_DIR: this.dataDir }
    const loaded = loadConfig({ env, cwd: this.dataDir, readFile: () => text })
    if (loaded.ok) return loaded.config
    throw new Error(loaded.faults.map(({ path, wrong, expected }) => `${path}: ${wrong}; ${expected}`).join('\n'))
  }

  async start(text: string): Promise<void> {
    const log = createLog(
      { level: 'trace', format: 'json', name: 'console' },
      { write: (line) => this.#logged.push(line) },
    )
    const place = { path: join(this.dataDir, settingsFile), clock: systemClock }
    const { settings, alerts: store } = await openSettingsAndAlerts(place)
    const alerts = new AlertSide(this.config(text), store, log)
    const app = madeConsole({ alerts: alerts.desk, onFault: (error) => this.#logged.push(String(error)) })
    alerts.start()
    this.#alerts = alerts
    this.#app = app
    this.#stop = async () => {
      await app.close()
      await alerts.close()
      await settings.close()
    }
  }

  async stop(): Promise<void> {
    const stop = this.#stop
    this.#stop = null
    await stop?.()
  }

  async reload(text: string): Promise<void> {
    await this.#alerts?.apply(this.config(text))
  }

  /** All that was logged. */
  get log(): string {
    return this.#logged.join('')
  }

  /** Settles a call, now unless it says when. */
  async spend(what: Omit<Spent, 'callId' | 'atMs'> & { readonly atMs?: number }): Promise<void> {
    await this.#journal?.append(spent({ callId: `c${this.#calls++}`, atMs: Date.now(), ...what }))
  }

  async ask(method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
    const answer = await this.#app?.inject({ method, url, ...(payload === undefined ? {} : { payload }) })
    if (answer === undefined) throw new Error('the side was not started')
    return { status: answer.statusCode, body: answer.json(), text: answer.body }
  }

  async alerts(query = ''): Promise<readonly ShownAlert[]> {
    return (await this.ask('GET', `/api/v1/alerts?${query}`)).body.data
  }

  /** Waits until so many alerts match a query, and no message is under way. */
  async settled(count: number, query = ''): Promise<readonly ShownAlert[]> {
    return await until(`${count} alerts ${query}`, async () => {
      const alerts = await this.alerts(query)
      const waiting = alerts.some(({ notifications }) => notifications.some(({ status }) => status === 'pending'))
      return alerts.length === count && !waiting ? alerts : null
    })
  }
}

/** A webhook receiver in YAML. */
export function hook(name: string, receiver: FakeReceiver): string {
  return `{name: ${name}, webhook: {url: "${receiver.url}", secret: a-secret-of-${name}}}`
}

export const usd = 10n ** 12n
