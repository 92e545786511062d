import { existsSync } from 'node:fs'

/** A program that a test runs as it is, from a package of Debian. A user's machine need not have it. */
export interface DebianProgram {
  readonly path: string
  /** For `test(…, { skip })`: false where the program is there, else what to install. */
  readonly skip: string | false
}

/** @throws Error where the program is not there and `REQUIRE_DEBIAN=1` insists on it. */
export function debianProgram(path: string, packageName: string): DebianProgram {
  if (existsSync(path)) return { path, skip: false }
  const missing = `there is no ${path}: install the Debian package ${packageName} to run it`
  if (process.env['REQUIRE_DEBIAN'] === '1') throw new Error(missing)
  return { path, skip: missing }
}
