import { systemTimers } from '#edge/system.ts'

export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    systemTimers.after(delayMs, resolve)
  })
}
