/** A prepared pattern: says whether a name matches it. */
export type NameMatcher = (name: string) => boolean

/**
 * Prepares globs of names: `*` stands for any characters (none, `/` and `:` included), `?` for exactly one, all others
 * for themselves. Case does not matter. The matcher is true where any glob matches; without globs it is always false.
 *
 * Matching is linear in name × glob at worst, without backtracking into the regular-expression engine.
 */
export function globMatcher(globs: readonly string[]): NameMatcher {
  const patterns = globs.map((glob) => glob.toLowerCase())
  if (patterns.includes('*')) return () => true
  return (name) => {
    const lowered = name.toLowerCase()
    return patterns.some((pattern) => matches(pattern, lowered))
  }
}

/** True where the pattern names one thing only. */
export function isLiteral(glob: string): boolean {
  return !glob.includes('*') && !glob.includes('?')
}

/** The classic two-pointer match: on a mismatch go back to the last star and let it take one character more. */
function matches(pattern: string, name: string): boolean {
  let p = 0
  let n = 0
  let star = -1
  let resume = 0
  while (n < name.length) {
    const wanted = pattern[p]
    if (wanted === '*') {
      star = p
      resume = n
      p += 1
    } else if (wanted === '?' || wanted === name[n]) {
      p += 1
      n += 1
    } else if (star >= 0) {
      p = star + 1
      resume += 1
      n = resume
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}
