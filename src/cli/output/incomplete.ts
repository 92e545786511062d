/** What a command ends with that has printed all there is and knows that it is not all there was. */
export const incompleteExitCode = 3

/** Why what was asked for cannot be whole, in words. */
export function incompleteText(before: string): string {
  return `single records before ${before} are gone (retention.records_days): calls before that are not in it`
}

/** Tells whoever reads what was printed by a program, and lets the command fail. */
export function warnIncomplete(before: string | null): void {
  if (before === null) return
  process.stderr.write(`tollgate: ${incompleteText(before)}\n`)
  process.exitCode = incompleteExitCode
}
