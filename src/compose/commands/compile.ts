import { accessSync, constants } from 'node:fs'
import { flushCompileCache, getCompileCacheDir } from 'node:module'
import type { CompiledCode } from '#cli/compile.ts'
import { type Environment, processEnvironment } from '#config/environment.ts'
import { runChild } from '#edge/run-child.ts'
import { roleNames } from '../processes/role.ts'
import { roleProcess } from '../processes/role-process.ts'

/**
 * Has Node.js compile all that Tollgate runs and keep it where every later process finds it: each role's code in a
 * process like the role's own; in this one, which is like theirs, that of the supervisor and of all commands. Where it
 * cannot be kept nothing is compiled.
 */
export async function compileEverything(loadCommands: () => Promise<unknown>): Promise<CompiledCode> {
  const env = processEnvironment()
  const directory = keptIn(env)
  if (directory === null) return { directory, faults: [] }
  const roles = roleNames.map((role) => runChild(roleProcess(role, env, ['--compile'])))
  await Promise.all([loadCommands(), import('../processes/prepare.ts'), import('../processes/banner.ts')])
  flushCompileCache()
  return { directory, faults: (await Promise.all(roles)).filter((fault) => fault !== null) }
}

/** Node.js says nothing where it cannot keep what it compiled, since nothing depends on that. */
function keptIn(env: Environment): string | null {
  const directory = getCompileCacheDir()
  if (directory === undefined || env['NODE_COMPILE_CACHE_READONLY'] === '1') return null
  try {
    accessSync(directory, constants.W_OK)
    return directory
  } catch {
    return null
  }
}
