import type { Numbered, Report } from './entries.ts'
import type { PathPart } from './faults.ts'

/** Calls `twice` for every entry whose identity an earlier one already has. One that is not known is nobody's. */
export function repeated<T>(
  all: readonly Numbered<T>[],
  identity: (entry: T) => string | undefined,
  twice: (index: number, first: number) => void,
): void {
  const seen = new Map<string, number>()
  for (const { index, entry } of all) {
    const id = identity(entry)
    if (id === undefined) continue
    const first = seen.get(id)
    if (first === undefined) seen.set(id, index)
    else twice(index, first)
  }
}

/** Names that differ in nothing but capitals are one name. */
export function uniqueNames(
  at: readonly PathPart[],
  all: readonly Numbered<{ name?: string }>[],
  report: Report,
): void {
  repeated(
    all,
    (entry) => entry.name?.toLowerCase(),
    (index, first) =>
      report([...at, index, 'name'], `is the same as ${at.join('.')}[${first}].name`, 'a name given once'),
  )
}
