import { fileURLToPath } from 'node:url'

/**
 * How Node.js is told to run the gateway, which is to stay small. What a call allocates dies with it, so that a small
 * nursery is enough; what survives it all the same is looked through when it has grown by half, not when there is four
 * times as much of it.
 */
export const gatewayFlags: readonly string[] = ['--max-semi-space-size=4', '--heap-growing-percent=50']

/**
 * The environment of every role, as far as the operator's says nothing else. Where Node.js keeps the code that it has
 * compiled is named here, because then the very first file comes from there too, and the TypeScript stripper, 30 MB of
 * it, is never loaded. And glibc is held to two arenas: one per thread keeps what the compiler's threads once needed.
 */
export const roleEnvironment: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/tollgate', import.meta.url)),
  MALLOC_ARENA_MAX: '2',
}
