import type { Family, Sample } from './family.ts'

/**
 * The families of several processes as one exposition: each name once, with the samples of all. Names keep the order of
 * their first appearance. Where two sources have the same sample, or call one name by two types, the first is right:
 * an exposition in which anything stands twice is refused as a whole. Pure.
 */
export function mergeFamilies(sources: readonly (readonly Family[])[]): Family[] {
  const byName = new Map<string, { family: Family; values: Sample[]; seen: Set<string> | null }>()
  for (const family of sources.flat()) {
    const before = byName.get(family.name)
    if (before === undefined) {
      byName.set(family.name, { family, values: [...family.values], seen: null })
      continue
    }
    if (before.family.type !== family.type) continue
    before.seen ??= new Set(before.values.map(identityOf))
    for (const sample of family.values) {
      const identity = identityOf(sample)
      if (before.seen.has(identity)) continue
      before.seen.add(identity)
      before.values.push(sample)
    }
  }
  return [...byName.values()].map(({ family, values }) => ({ ...family, values }))
}

function identityOf({ metricName = '', labels }: Sample): string {
  return JSON.stringify([metricName, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
}
