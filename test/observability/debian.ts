import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { root } from './deployed.ts'

/** A folder for this test alone. */
export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tg-obs-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** Runs one of the packages' tools to its end, from the root of the repository. */
export function run(program: string, args: readonly string[], input = ''): { code: number | null; said: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, input, encoding: 'utf8' })
  if (error !== undefined) throw error
  return { code: status, said: `${stdout}${stderr}` }
}

/** Starts a server of the packages; it ends with the test. Resolves when it answers at `readyUrl`. */
export async function serve(t: TestContext, program: string, args: readonly string[], readyUrl: string): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + String(chunk)).slice(-8000)
  })
  t.after(() => ended(child))
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} ended:\n${said}`)
    const answer = await fetch(readyUrl).catch(() => null)
    if (answer?.status === 200) return
    await Promise.race([once(child, 'exit'), new Promise((resolve) => setTimeout(resolve, 50))])
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}
