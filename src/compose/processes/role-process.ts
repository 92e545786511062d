import { fileURLToPath } from 'node:url'
import type { Environment } from '#config/environment.ts'
import { gatewayFlags, roleEnvironment } from '#edge/node-flags.ts'
import type { RoleName } from './role.ts'

const main = fileURLToPath(new URL('../../main.ts', import.meta.url))

/**
 * How Node.js is started to run a role, or with `--compile` to compile what it will run: in one way for both, since what
 * was compiled under other paths, flags or users is not found.
 */
export function roleProcess(role: RoleName, env: Environment, options: readonly '--compile'[] = []) {
  return {
    name: role,
    args: [main, 'run', role, ...options],
    nodeFlags: role === 'gateway' ? gatewayFlags : [],
    env: { ...roleEnvironment, ...env },
  }
}
