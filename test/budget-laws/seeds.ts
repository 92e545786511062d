/** Seeds of worlds that once broke a law. Only to be added to. */
export const knownSeeds: readonly number[] = [355305346]
