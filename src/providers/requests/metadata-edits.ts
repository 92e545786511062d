import { type Edit, type Member, memberEdits, topLevelMembers } from '#lib/json-members.ts'

/** The edits that take our keys out of a `metadata`; 'all' = nothing is left in it then, so it goes as a whole. */
export function metadataEdits(body: Buffer, member: Member, isOurs: (key: string) => boolean): Edit[] | 'all' {
  const members = topLevelMembers(body, member.valueStart) ?? []
  const remove = new Set(members.filter(({ key }) => isOurs(key)))
  if (remove.size === 0) return []
  if (remove.size === members.length) return 'all'
  return memberEdits(members, member.valueStart, { remove, replace: new Map(), append: [] })
}
