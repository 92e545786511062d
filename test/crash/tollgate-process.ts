import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { decodeEntry } from '#core/ledger/codec.ts'
import type { LedgerEntry } from '#core/ledger/entry.ts'
import { openFollower } from '#store/journal/reader.ts'
import { freePort } from '#test/support/free-port.ts'
import { callerSecret, upstreamSecret } from '#test/support/stack.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface ProcessOptions {
  /** Of the simulated provider. */
  readonly upstream: string
  readonly drainMs?: number
  /** Further sections of the configuration. */
  readonly more?: string
  /** `tollgate serve`, with all its processes, in place of the gateway alone. */
  readonly whole?: boolean
  /** A directory that exists; default: a new one. */
  readonly dataDir?: string
}

export interface Said {
  readonly code: number | null
  readonly text: string
  readonly stderr: string
}

export type ChildRole = 'gateway' | 'console'

/** Tollgate as it is run, its gateway alone or the whole: processes that can be killed and started again over the same data. */
export class TollgateProcess {
  readonly dataDir: string
  readonly port: number
  readonly #configPath: string
  readonly #whole: boolean
  #child: ChildProcess | null = null
  #stderr = ''

  private constructor(port: number, { upstream, drainMs = 30_000, more = '', whole = false, dataDir }: ProcessOptions) {
    this.port = port
    this.#whole = whole
    this.dataDir = dataDir ?? mkdtempSync(join(tmpdir(), 'tg-crash-'))
    this.#configPath = join(this.dataDir, 'tollgate.yaml')
    const lines = [
      `listen: 127.0.0.1:${port}`,
      `data_dir: ${this.dataDir}`,
      `drain_ms: ${drainMs}`,
      // Small segments, so that deaths while one follows another are met as well.
      'journal: {segment_bytes: 65536, min_free_bytes: 0}',
      'log: {level: warn, format: json}',
      'providers:',
      ...['openai', 'anthropic', 'google'].map(
        (kind) =>
          `  - {name: ${kind}, kind: ${kind}, base_url: "${upstream}", api_key: ${upstreamSecret}, retries: {max: 2, base_ms: 20}}`,
      ),
      'keys:',
      `  - {name: team, key: ${callerSecret}, attribution: {department: engineering}}`,
      more,
    ]
    writeFileSync(this.#configPath, `${lines.join('\n')}\n`)
  }

  static async prepare(options: ProcessOptions): Promise<TollgateProcess> {
    return new TollgateProcess(await freePort(), options)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What the processes so far have said. */
  get stderr(): string {
    return this.#stderr
  }

  /** Resolves with true once it serves, or with false where it ended before. */
  async start(): Promise<boolean> {
    // Without a channel to a supervisor it minds signals, as under systemd.
    const child = spawn(process.execPath, [main, ...(this.#whole ? ['serve'] : ['run', 'gateway'])], {
      env: { ...process.env, TOLLGATE_CONFIG: this.#configPath },
      stdio: ['ignore', 'ignore', 'pipe'],
      // So that all of them can be killed at one stroke.
      detached: this.#whole,
    })
    this.#child = child
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString()
    })
    return this.serves()
  }

  /** As `kill -9`: nothing in the process gets a word in. Where it is the whole, nothing in any of them. */
  async kill(): Promise<void> {
    const ended = this.ended()
    const children = this.#children()
    const { pid } = this.#child ?? {}
    if (this.#whole && pid !== undefined && this.#isRunning()) process.kill(-pid, 'SIGKILL')
    else this.#child?.kill('SIGKILL')
    await ended
    for (const child of children.values()) await gone(child)
  }

  /** Of the whole, the supervisor alone: the others are left to notice. Resolves when they have ended as well. */
  async killSupervisor(): Promise<void> {
    const children = this.#children()
    const ended = this.ended()
    this.#child?.kill('SIGKILL')
    await ended
    for (const child of children.values()) await gone(child)
  }

  /** Of the whole, one process. Resolves when it is dead, and so another one is on its way. */
  async killChild(role: ChildRole): Promise<void> {
    for (; this.#isRunning(); await pause(10)) {
      const pid = this.#children().get(role)
      if (pid === undefined) continue
      process.kill(pid, 'SIGKILL')
      await gone(pid)
      return
    }
    throw new Error(`there is no supervisor any more: ${this.#stderr}`)
  }

  /** Resolves with true once it serves, or with false where it has ended. */
  async serves(): Promise<boolean> {
    for (; this.#isRunning(); await pause(10)) if (await answers(this.url)) return true
    return false
  }

  #isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Process ids of the whole's, by their roles. */
  #children(): Map<string, number> {
    const { pid } = this.#child ?? {}
    if (!this.#whole || pid === undefined || !this.#isRunning()) return new Map()
    const lines = processes('-o', 'pid=,ppid=,args=', '-e')
    const found = lines.matchAll(/^\s*(\d+) +(\d+) .*main\.ts run (\w+)/gm)
    return new Map([...found].filter((line) => Number(line[2]) === pid).map((line) => [line[3] ?? '', Number(line[1])]))
  }

  /** As a service manager stops it. Resolves with the exit code. */
  async terminate(): Promise<number | null> {
    const ended = this.ended()
    this.#child?.kill('SIGTERM')
    return ended
  }

  ended(): Promise<number | null> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) {
      return Promise.resolve(child?.exitCode ?? null)
    }
    return new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  }

  async entries(): Promise<LedgerEntry[]> {
    const follower = await openFollower({ dir: join(this.dataDir, 'journal'), position: null })
    const entries: LedgerEntry[] = []
    for (;;) {
      const blocks = await follower.next(10_000)
      if (blocks.length === 0) break
      for (const { lines } of blocks) entries.push(...lines.map(decodeEntry))
    }
    await follower.close()
    return entries
  }

  /** The exit code and the words of `tollgate verify`. */
  verify(): Promise<Said> {
    return this.command('verify')
  }

  /** The exit code and the words of a command. */
  async command(...args: string[]): Promise<Said> {
    const child = spawn(process.execPath, [main, ...args], {
      env: { ...process.env, TOLLGATE_CONFIG: this.#configPath },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = { text: '', stderr: '' }
    child.stdout.on('data', (chunk: Buffer) => (said.text += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()))
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { code, ...said }
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

/** Not a zombie either: who is orphaned may wait long to be fetched. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    const state = processes('-o', 'stat=', '-p', String(pid)).trim()
    if (state === '' || state.startsWith('Z')) return
    await pause(10)
  }
}

/** What `ps` says; nothing where it finds none. */
function processes(...args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8' })
  } catch {
    return ''
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/ready`)).ok
  } catch {
    return false
  }
}
