import { bounded, longestErrorMessage } from '#core/ledger/entry-bounds.ts'
import { redactText } from '#lib/redact-text.ts'

/** What is looked at of a message: so much more than what is kept that no credential is cut in half. */
const longestLookedAt = 4 * longestErrorMessage

/**
 * The words of an error as a record keeps them. They are somebody else's, and may repeat a credential that stood in what
 * was sent: those that can be told from other words are left out.
 */
export function errorText(message: string): string {
  return message === '' ? '' : bounded(redactText(message.slice(0, longestLookedAt)), longestErrorMessage)
}
