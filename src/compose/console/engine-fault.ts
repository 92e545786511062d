import { fileURLToPath } from 'node:url'
import { runAside } from '#edge/run-child.ts'
import { cannotOpen, type StoreFault } from '#store/usage/client.ts'

const program = fileURLToPath(new URL('../../store/usage/try-engine.ts', import.meta.url))
/** An engine that hangs would otherwise keep the store from ever being tried again. A large one opens in seconds. */
const longestMs = 300_000
/** The engine repeats whole statements. */
const mostCharacters = 300

/**
 * Why the embedded engine cannot open a directory; null where it can, which nothing keeps open then.
 *
 * In a process of its own: the engine says its reason on stderr and nowhere else, and one that dies of what it reads takes
 * nobody along.
 */
export async function engineFault(directory: string): Promise<StoreFault | null> {
  const { end, stdout, stderr } = await runAside([program, directory], longestMs)
  if (end === null) return null
  // Its own words, else ours of what it threw, else how it ended.
  const [reason = end] = [stderr, stdout].map(oneLine).filter((text) => text !== '')
  return cannotOpen(directory, reason.length > mostCharacters ? `${reason.slice(0, mostCharacters)}…` : reason)
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
