/** Stands for what was left out. */
export const censor = '[redacted]'

/** Credentials in running text, each as what is kept before it. They have no quotes, so that JSON stays JSON. */
const secretTexts: readonly RegExp[] = [
  /\b((?:Bearer|Basic)\s+)[\w.~+/=-]{8,}/gi,
  // https://user:password@host. The bound and the colon are there so that it is looked for in no more steps than characters.
  /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@:"'<>\\]*:[^\s/@"'<>\\]*(?=@)/gi,
  // https://host/path?key=…
  /([?&;](?:[\w-]*(?:key|token|secret|password|signature)|sig)=)[^&;\s"'<>\\]+/gi,
  /(\bhooks\.slack\.com\/)[^\s"'<>\\]+/gi,
  // Keys as vendors and we make them, and JSON Web Tokens.
  /(\b)(?:sk|pk|rk|tg|tga|tgs|xox[a-z])-[\w-]{16,}/g,
  /(\b)AIza[\w-]{30,}/g,
  /(\b)eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g,
]

/** A text without the credentials that can be told from other words. */
export function redactText(text: string): string {
  return secretTexts.reduce((left, pattern) => left.replaceAll(pattern, `$1${censor}`), text)
}
