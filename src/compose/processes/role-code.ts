import { flushCompileCache } from 'node:module'
import type { RoleName, StartRole } from './role.ts'

interface RoleCode {
  readonly start: () => Promise<StartRole>
  /** What it loads only where it comes to that, so that it costs nobody else time and memory. */
  readonly onDemand: () => readonly Promise<unknown>[]
}

const code: Readonly<Record<RoleName, RoleCode>> = {
  gateway: {
    start: async () => (await import('../gateway/gateway.ts')).composeGateway,
    onDemand: () => [
      import('./own-config.ts'),
      import('#edge/jwt.ts'),
      import('#edge/token-worker.ts'),
      import('#providers/estimate.ts').then(({ countTokens }) => countTokens('a word')),
    ],
  },
  console: {
    start: async () => (await import('../console/console.ts')).composeConsole,
    onDemand: () => [import('./own-config.ts'), import('#edge/otlp/otlp.ts')],
  },
  simulator: {
    start: async () => (await import('../simulator/simulator-role.ts')).simulatorRole,
    onDemand: () => [import('./own-config.ts')],
  },
}

/**
 * Loads what a role needs to start. What Node.js had to compile is written down now and not when the process ends: one
 * that is killed would never do it. And Node.js lets go of its copies of all compiled code, 5 to 10 MB of a gateway,
 * which it keeps till then.
 */
export async function loadRole(name: RoleName): Promise<StartRole> {
  const start = await code[name].start()
  flushCompileCache()
  return start
}

/** Loads all that a role may ever need, so that it is compiled when it does. Begins nothing. */
export async function compileRole(name: RoleName): Promise<void> {
  await Promise.all([code[name].start(), ...code[name].onDemand()])
  flushCompileCache()
}
