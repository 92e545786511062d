import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real file system of its own, small enough to be filled. */
export interface SmallDisk {
  readonly path: string
  /** Leaves nothing free. Called again it takes what has become free since. */
  fill(): void
  /** Gives back what `fill` took. */
  empty(): void
  unmount(): void
}

/** Null where this process may not mount one: it has to be root, and outside of most containers. */
export function mountSmallDisk(megabytes: number): SmallDisk | null {
  const path = mkdtempSync(join(tmpdir(), 'tg-small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    rmdirSync(path)
    return null
  }
  const ballast = join(path, 'ballast')
  return {
    path,
    fill() {
      const { bavail, bsize } = statfsSync(path)
      try {
        writeFileSync(ballast, Buffer.alloc(bavail * bsize), { flag: 'a' })
      } catch {
        // Filled all the same: the write ended where the room did.
      }
    },
    empty: () => rmSync(ballast, { force: true }),
    unmount() {
      execFileSync('umount', ['-l', path])
      rmdirSync(path)
    },
  }
}
