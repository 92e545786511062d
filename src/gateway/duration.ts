/** To whole microseconds: finer is noise, and seventeen digits of it would stand in every line of the journal. */
export function roundedMs(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
