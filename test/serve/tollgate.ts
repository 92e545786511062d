import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** A folder with a configuration file, for this test alone. */
export function workplace(t: TestContext, config = 'drain_ms: 5000\n') {
  const folder = mkdtempSync(join(tmpdir(), 'tg-'))
  const configPath = join(folder, 'tollgate.yaml')
  writeFileSync(configPath, config)
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return { folder, configPath, dataDir: join(folder, 'data') }
}

export type Workplace = ReturnType<typeof workplace>

/** `tollgate …` as a process. Nothing of this machine's environment but the path reaches it. */
export class Tollgate {
  readonly process: ChildProcess
  readonly exit: Promise<number | NodeJS.Signals | null>
  stdout = ''
  stderr = ''
  #changed = Promise.withResolvers<void>()

  constructor(t: TestContext, place: Workplace, args: readonly string[], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: place.folder,
      env: { PATH: process.env['PATH'] ?? '', TOLLGATE_LISTEN: '127.0.0.1:0', TOLLGATE_LOG_LEVEL: 'debug', ...env },
    })
    this.process = child
    this.exit = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        resolve(signal ?? code)
        this.#wake()
      })
    })
    child.stdout.on('data', (chunk: Buffer) => {
      this.stdout += String(chunk)
      this.#wake()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += String(chunk)
      this.#wake()
    })
    t.after(async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await this.exit
    })
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  /** The first match in what it has said, or will say. @throws where it ends without. */
  async says(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this[stream])
      if (match !== null) return match
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        throw new Error(`ended without saying ${pattern}:\n${this.stdout}\n${this.stderr}`)
      }
      await this.#changed.promise
    }
  }

  /** Resolves with the address and the first key, where one was made. */
  async ready(): Promise<{ address: string; key: string }> {
    await this.says(/tollgate report --by/)
    const address = /address +(\S+)/.exec(this.stdout)?.[1] ?? ''
    return { address, key: /Bearer (\S+)'/.exec(this.stdout)?.[1] ?? '' }
  }

  /** Runs to its end. */
  async finished() {
    return { code: await this.exit, stdout: this.stdout, stderr: this.stderr }
  }
}
