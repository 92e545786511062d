import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '#test/support/until.ts'

/** Of all processes, on a machine that has much else to do. */
const longestStartMs = 60_000
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

  constructor(t: TestContext, place: Workplace, args: readonly string[], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: place.folder,
      env: { PATH: process.env['PATH'] ?? '', TOLLGATE_LISTEN: '127.0.0.1:0', TOLLGATE_LOG_LEVEL: 'debug', ...env },
    })
    this.process = child
    this.exit = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve(signal ?? code))
    })
    child.stdout.on('data', (chunk: Buffer) => {
      this.stdout += String(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += String(chunk)
    })
    t.after(async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await this.exit
    })
  }

  /** The first match in what it has said, or will say. @throws where it ends without, or has not said it in time. */
  async says(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    const look = (): RegExpExecArray | null => {
      const match = pattern.exec(this[stream])
      if (match !== null || (this.process.exitCode === null && this.process.signalCode === null)) return match
      throw new Error('it ended without')
    }
    try {
      return await until(`it to say ${pattern}`, look, longestStartMs)
    } catch (fault) {
      throw new Error(`${pattern} was not said:\n${this.stdout}\n${this.stderr}`, { cause: fault })
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

export function chat(address: string, key: string, content = 'Hello') {
  return fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', messages: [{ role: 'user', content }] }),
  })
}

/** What a supervisor has started. */
export function childrenOf(pid: number): { pid: number; role: string }[] {
  const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(pid)], { encoding: 'utf8' })
  return [...lines.matchAll(/^\s*(\d+) .*main\.ts run (\w+)/gm)].map(([, child, role]) => ({
    pid: Number(child),
    role: role ?? '',
  }))
}

export function pidOf(tollgate: Tollgate, role: string): number {
  const pid = childrenOf(tollgate.process.pid ?? 0).find((child) => child.role === role)?.pid
  assert.ok(pid !== undefined, `no ${role} is running`)
  return pid
}
