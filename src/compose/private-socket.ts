import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Listens on a Unix socket that only this user can open. It is its folder that keeps others out, from the first moment
 * on: a umask would be that of the whole process, and what is made elsewhere while this waits would have no usable mode.
 */
export async function privately(path: string, listen: () => Promise<unknown>): Promise<void> {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  // A socket left behind by a process that died is in the way of the next one.
  rmSync(path, { force: true })
  await listen()
  chmodSync(path, 0o600)
}
