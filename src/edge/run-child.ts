import { spawn } from 'node:child_process'
import type { ChildSpec } from './supervisor.ts'

/** Runs a program once, to its end. Resolves with why it failed, or null. What it says on stderr is passed on. */
export function runChild({ name, args, nodeFlags, env }: Omit<ChildSpec, 'begin' | 'mostFailedStarts'>) {
  return new Promise<string | null>((resolve) => {
    const child = spawn(process.execPath, [...nodeFlags, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', (error) => resolve(`${name}: ${error.message}`))
    child.on('exit', (code, signal) => resolve(code === 0 ? null : `${name} ended with ${signal ?? `code ${code}`}`))
  })
}
