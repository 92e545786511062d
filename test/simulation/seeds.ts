/** Seeds of runs that once broke a law. Only to be added to. */
export const knownSeeds: readonly number[] = [
  // An upstream that resets after the last event of its stream: was booked as failed.
  1795312026526,
  // The same, before the empty line behind that event.
  1795327649248,
]
