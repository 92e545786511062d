/** How well a price line's model name fits: `exact` beats any glob; among globs the one with more literal characters. */
export type Fit = { readonly kind: 'exact' } | { readonly kind: 'glob'; readonly literals: number } | null

/** Whether a pattern names this model: `*` is any run of characters, `?` exactly one; case does not matter. */
export function fitOf(pattern: string, model: string): Fit {
  const wanted = pattern.toLowerCase()
  const name = model.toLowerCase()
  if (wanted === name) return { kind: 'exact' }
  if (!globFits(wanted, name)) return null
  return { kind: 'glob', literals: wanted.replace(/[*?]/g, '').length }
}

/** On a mismatch the last star takes one character more; linear in pattern times name at worst. */
function globFits(pattern: string, name: string): boolean {
  let p = 0
  let star = -1
  let resume = 0
  for (let n = 0; n < name.length; ) {
    const wanted = pattern[p]
    if (wanted === '*') {
      star = p
      resume = n
      p += 1
    } else if (wanted === '?' || wanted === name[n]) {
      p += 1
      n += 1
    } else if (star >= 0) {
      resume += 1
      n = resume
      p = star + 1
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}
