import type { AlertDesk } from '#console/route.ts'

const unused = () => Promise.reject(new Error('not asked'))

/** For a console that is asked about other things than alerts. */
export const unusedDesk: AlertDesk = {
  alerts: unused,
  alert: unused,
  words: () => ({ title: '', text: '' }),
  replay: unused,
  receivers: unused,
  test: unused,
  silences: unused,
  silence: unused,
  endSilence: unused,
}
