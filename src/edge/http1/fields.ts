/** A token (RFC 9110, 5.6.2). */
export const token: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** What no value may have: control characters, line ends among them, and what is no byte (RFC 9110, 5.5). */
export const notInValues: RegExp = /[^\t -~\x80-\xff]/

/** How many spellings of names are remembered: names are few, but others may invent them. */
export const mostRemembered = 1_000
const names = new Set<string>()

/** Whether a header may be called that. */
export function isFieldName(name: string): boolean {
  if (names.has(name)) return true
  if (!token.test(name)) return false
  if (names.size < mostRemembered) names.add(name)
  return true
}
