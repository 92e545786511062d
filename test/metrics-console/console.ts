import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { composeConsole } from '#compose/console/console.ts'
import type { RunningRole } from '#compose/processes/role.ts'
import type { Config } from '#config/config.ts'
import { loadConfig } from '#config/load.ts'
import { type ConsoleMetric, readConsoleMetrics } from '#edge/console/metrics.ts'
import { createLog } from '#lib/log.ts'
import { prepareDataDirectory } from '#store/data-directory.ts'
import { openJournal, type WatchedJournal } from '#store/journal/writer.ts'
import { openEmbedded } from '#store/usage/client.ts'
import { type Spent, spent } from '#test/alerts/entries.ts'
import { openEntry } from '#test/journal/entries.ts'
import { journalOptions } from '#test/journal/journals.ts'
import { until } from '#test/support/until.ts'

/** A console as it runs, with its embedded store, over a journal that the test writes. One in a process. */
export class Console {
  readonly dataDir: string
  readonly journal: WatchedJournal
  readonly #logged: string[] = []
  #running: RunningRole | null = null
  #calls = 0

  private constructor(dataDir: string, journal: WatchedJournal) {
    this.dataDir = dataDir
    this.journal = journal
  }

  static async open(t: TestContext): Promise<Console> {
    // Short: there are Unix sockets in it.
    const dataDir = mkdtempSync(join(tmpdir(), 'tg-'))
    prepareDataDirectory(dataDir)
    const { journal } = await openJournal(journalOptions(join(dataDir, 'journal'), { fsync: 'none' }))
    const opened = new Console(dataDir, journal)
    t.after(async () => {
      await opened.stop()
      await journal.close()
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
    })
    return opened
  }

  get adminSocket(): string {
    return join(this.dataDir, 'run', 'admin.sock')
  }

  /** All that was logged. */
  get log(): string {
    return this.#logged.join('')
  }

  async start(text = ''): Promise<void> {
    const log = createLog(
      { level: 'trace', format: 'json', name: 'console' },
      { write: (line) => this.#logged.push(line) },
    )
    this.#running = await composeConsole(this.config(text), { log, onReady: () => undefined })
  }

  async reload(text: string): Promise<void> {
    await this.#running?.apply?.(this.config(text))
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = null
    await running?.stop()
  }

  config(text: string): Config {
    const env = { TOLLGATE_CONFIG: 'test.yaml', TOLLGATE_DATA_DIR: this.dataDir }
    const loaded = loadConfig({ env, cwd: this.dataDir, readFile: () => text })
    if (loaded.ok) return loaded.config
    throw new Error(loaded.faults.map(({ path, wrong, expected }) => `${path}: ${wrong}; ${expected}`).join('\n'))
  }

  /** Opens and settles so many calls, now unless it says when. */
  async call(count: number, what: Partial<Spent> = {}): Promise<void> {
    for (let i = 0; i < count; i++) {
      const callId = `c${this.#calls++}`
      await this.journal.append(openEntry(callId))
      await this.journal.append(spent({ callId, atMs: Date.now(), ...what }))
    }
  }

  async says(pattern: RegExp): Promise<void> {
    await until(String(pattern), async () => (pattern.test(this.log) ? true : null))
  }

  /** A statement for the embedded store, while no console runs. */
  async storeRuns(sql: string): Promise<void> {
    const database = openEmbedded(join(this.dataDir, 'clickhouse'))
    await database.command(sql)
    await database.close()
  }

  async metrics(): Promise<readonly ConsoleMetric[]> {
    const metrics = await readConsoleMetrics(this.adminSocket, 5_000)
    if (metrics === null) throw new Error('the console does not tell its metrics')
    return metrics
  }

  /** Waits until metrics have these values; `name` or `name{label="value",…}`, labels in their order. */
  async shows(expected: Readonly<Record<string, number>>): Promise<void> {
    let seen: Record<string, number | undefined> = {}
    const wanted = Object.entries(expected)
    try {
      await until('metrics', async () => {
        const samples = samplesOf(await this.metrics())
        seen = Object.fromEntries(wanted.map(([name]) => [name, samples.get(name)]))
        return wanted.every(([name, value]) => samples.get(name) === value) ? true : null
      })
    } catch (cause) {
      throw new Error(`expected ${JSON.stringify(expected)}, last seen ${JSON.stringify(seen)}`, { cause })
    }
  }

  async samples(): Promise<ReadonlyMap<string, number>> {
    return samplesOf(await this.metrics())
  }
}

/** By name and labels: `name{label="value",…}`. */
export function samplesOf(metrics: readonly ConsoleMetric[]): ReadonlyMap<string, number> {
  const samples = new Map<string, number>()
  for (const { name, values } of metrics) {
    for (const sample of values) {
      const { labels, value } = sample
      const full = 'metricName' in sample ? String(sample.metricName) : name
      const said = Object.entries(labels).map(([label, text]) => `${label}="${text}"`)
      samples.set(said.length === 0 ? full : `${full}{${said.join(',')}}`, value)
    }
  }
  return samples
}
