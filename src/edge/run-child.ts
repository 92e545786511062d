import { type StdioOptions, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { ChildSpec } from './supervisor.ts'

/** Runs a program once, to its end. Resolves with why it failed, or null. What it says on stderr is passed on. */
export function runChild({ name, args, nodeFlags, env }: Omit<ChildSpec, 'begin' | 'mostFailedStarts'>) {
  return new Promise<string | null>((resolve) => {
    const child = spawn(process.execPath, [...nodeFlags, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', (error) => resolve(`${name}: ${error.message}`))
    child.on('exit', (code, signal) => resolve(code === 0 ? null : `${name} ended with ${signal ?? `code ${code}`}`))
  })
}

interface RanAside {
  /** Null where it ended with code 0. */
  readonly end: string | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * The same, of a program of ours in this process's environment, with all that it says. One that takes longer than it may is
 * killed.
 */
export function runAside(args: readonly string[], longestMs: number): Promise<RanAside> {
  return new Promise((resolve) => {
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe']
    const child = spawn(process.execPath, args, { stdio, timeout: longestMs, killSignal: 'SIGKILL' })
    const said = { stdout: '', stderr: '' }
    child.on('error', (error) => resolve({ ...said, end: error.message }))
    for (const name of ['stdout', 'stderr'] as const) {
      // Not there where this process may open no more files.
      const stream: Readable | null | undefined = child[name]
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said[name] += text
      })
    }
    child.on('close', (code, signal) =>
      resolve({
        ...said,
        end:
          code === 0
            ? null
            : `it ended with ${signal ?? `code ${code}`}${child.killed ? `, after ${longestMs} ms` : ''}`,
      }),
    )
  })
}
