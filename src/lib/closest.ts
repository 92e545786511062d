/**
 * The candidates nearest to the word, best first, ties in their own order: those whose edit distance (insertions,
 * deletions, replacements) is at most a third of the longer length. `form` brings both sides to what is compared.
 */
export function closest(
  word: string,
  candidates: Iterable<string>,
  { most, form = (text) => text }: { most: number; form?: (text: string) => string },
): string[] {
  const wanted = form(word)
  const near: { candidate: string; distance: number }[] = []
  for (const candidate of candidates) {
    const formed = form(candidate)
    const limit = Math.max(1, Math.floor(Math.max(wanted.length, formed.length) / 3))
    const distance = editDistance(wanted, formed, limit)
    if (distance <= limit) near.push({ candidate, distance })
  }
  near.sort((a, b) => a.distance - b.distance)
  return near.slice(0, most).map((entry) => entry.candidate)
}

/** Levenshtein's distance, or `limit + 1` as soon as it is known to be greater than `limit`. */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    let least = i
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const value = Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
      next.push(value)
      if (value < least) least = value
    }
    if (least > limit) return limit + 1
    row = next
  }
  return Math.min(row[b.length] ?? 0, limit + 1)
}
