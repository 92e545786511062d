import { existsSync } from 'node:fs'
import type { TestContext } from 'node:test'

/** A program that a test runs as it is, from a package of Debian. A user's machine need not have it. */
export interface DebianProgram {
  readonly path: string
  /** For `test(…, { skip })`: false where the program is there, else what to install. */
  readonly skip: string | false
}

/** Says that something is not proved here. @throws Error where `REQUIRE_DEBIAN=1` insists on it. */
export function notHere(t: TestContext, what: string): void {
  if (process.env['REQUIRE_DEBIAN'] === '1') throw new Error(what)
  t.diagnostic(what)
}

/** @throws Error where the program is not there and `REQUIRE_DEBIAN=1` insists on it. */
export function debianProgram(path: string, packageName: string): DebianProgram {
  if (existsSync(path)) return { path, skip: false }
  const missing = `there is no ${path}: install the Debian package ${packageName} to run it`
  if (process.env['REQUIRE_DEBIAN'] === '1') throw new Error(missing)
  return { path, skip: missing }
}
