import { readdirSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/**
 * Lets other processes have the processor first, as `nice -n STEPS` does. Linux has a priority per thread, and a thread
 * gives its own to those that it starts: so it is set for all there are, or those of a library would go on as before.
 * Where the system does not allow it everything stays as it is.
 */
export function stepBack(steps: number): void {
  for (const thread of threads()) {
    try {
      setPriority(thread, Math.min(constants.priority.PRIORITY_LOW, getPriority(thread) + steps))
    } catch {
      // A thread that has ended, or a sandbox without this call: it is a courtesy, and nothing depends on it.
    }
  }
}

/** 0 stands for the whole process where the system does not list its threads. */
function threads(): number[] {
  return process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [0]
}
