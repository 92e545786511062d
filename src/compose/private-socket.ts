import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'

/** Listens on a Unix socket that only this user can open. */
export async function privately(path: string, listen: () => Promise<unknown>): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // A socket left behind by a process that died is in the way of the next one.
  rmSync(path, { force: true })
  const umask = process.umask(0o177)
  try {
    await listen()
  } finally {
    process.umask(umask)
  }
  chmodSync(path, 0o600)
}
