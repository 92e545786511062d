import { readdirSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/**
 * Lets other processes have the processor first, as `nice -n STEPS` does. Linux has a priority per thread, and a thread
 * gives its own to those that it starts: so it is set for all there are, or those of a library would go on as before.
 * Where the system does not allow it everything stays as it is.
 *
 * @param tasks where Linux lists the threads of this process
 */
export function stepBack(steps: number, tasks = '/proc/self/task'): void {
  for (const thread of threads(tasks)) {
    try {
      setPriority(thread, Math.min(constants.priority.PRIORITY_LOW, getPriority(thread) + steps))
    } catch {
      // A thread that has ended, or a sandbox without this call: it is a courtesy, and nothing depends on it.
    }
  }
}

/** 0 stands for this one thread on Linux, and for the whole process elsewhere, where threads have no priority. */
function threads(tasks: string): number[] {
  if (process.platform !== 'linux') return [0]
  try {
    return readdirSync(tasks).map(Number)
  } catch {
    // A place without /proc: the threads that this one starts take over what it has.
    return [0]
  }
}
