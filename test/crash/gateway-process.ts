import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { decodeEntry } from '#core/ledger/codec.ts'
import type { LedgerEntry } from '#core/ledger/entry.ts'
import { openFollower } from '#store/journal/reader.ts'
import { callerSecret, upstreamSecret } from '#test/support/stack.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface ProcessOptions {
  /** Of the simulated provider. */
  readonly upstream: string
  readonly drainMs?: number
  /** Further sections of the configuration. */
  readonly more?: string
}

/** The gateway as it is run: a process of its own, that can be killed and started again over the same data. */
export class GatewayProcess {
  readonly dataDir: string
  readonly port: number
  readonly #configPath: string
  #child: ChildProcess | null = null
  #stderr = ''

  private constructor(port: number, { upstream, drainMs = 30_000, more = '' }: ProcessOptions) {
    this.port = port
    this.dataDir = mkdtempSync(join(tmpdir(), 'tg-crash-'))
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

  static async prepare(options: ProcessOptions): Promise<GatewayProcess> {
    return new GatewayProcess(await freePort(), options)
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
    const child = spawn(process.execPath, [main, 'run', 'gateway'], {
      env: { ...process.env, TOLLGATE_CONFIG: this.#configPath },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString()
    })
    while (child.exitCode === null && child.signalCode === null) {
      if (await answers(this.url)) return true
      await pause(10)
    }
    return false
  }

  /** As `kill -9`: nothing in the process gets a word in. */
  async kill(): Promise<void> {
    const ended = this.ended()
    this.#child?.kill('SIGKILL')
    await ended
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
  async verify(): Promise<{ readonly code: number | null; readonly text: string }> {
    const child = spawn(process.execPath, [main, 'verify'], {
      env: { ...process.env, TOLLGATE_CONFIG: this.#configPath },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { code, text }
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/ready`)).ok
  } catch {
    return false
  }
}

/** One that is free now; a gateway that is started again must get the same one. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0))
    })
  })
}
