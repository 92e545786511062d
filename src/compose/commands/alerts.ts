import type { AlertsDoors } from '#cli/alerts.ts'
import { systemClock } from '#edge/system.ts'
import { openConsoleLink } from './console-link.ts'

/** What `tollgate alerts` works on: the running console or, where none runs, what is in the data directory. */
export const alertsDoors: AlertsDoors = {
  open: openConsoleLink,
  print: (text) => {
    process.stdout.write(text)
  },
  nowMs: () => systemClock.wallMs(),
}
