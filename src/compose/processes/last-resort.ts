import type { Log } from '#lib/log.ts'

/** How long what is under way may take to be booked: nobody is served meanwhile. */
const longestMs = 2_000

/**
 * What to do about an exception or rejection that nobody took. What it left behind cannot be trusted to serve, so the
 * process ends and its supervisor starts another one; but the log says why, and `book` may account for what is under way.
 */
export function lastResort(
  log: Log,
  book: () => Promise<void>,
  exit: (code: number) => void,
): (error: unknown) => void {
  let falling = false
  return (error) => {
    log.fatal({ err: error }, 'a fault that nobody took ends this process')
    if (falling) return
    falling = true
    setTimeout(() => exit(1), longestMs)
    book()
      .catch((fault: unknown) => log.error({ err: fault }, 'what was under way could not be booked'))
      .then(() => exit(1))
  }
}
