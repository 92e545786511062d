/** What an error says, for people; of anything else that was thrown, that as text. */
export function errorText(error: unknown): string {
  // A name with several addresses, none of which answers, has no message of its own.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(errorText).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** The code of an error of the system or of ours; null where it has none. */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null
}
