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
 * it, is never loaded. And glibc is told to give back what it can: one arena per thread keeps what the compiler's threads
 * once needed, and a large piece in the middle of the heap, where glibc puts those that it has seen before, keeps all that
 * was freed below it. Large is what is larger than anything that a usual call needs.
 */
export const roleEnvironment: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/tollgate', import.meta.url)),
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TRIM_THRESHOLD_: '65536',
}
