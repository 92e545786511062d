import { type Edit, type Member, memberEdits, skipSpace, spliceBytes, topLevelMembers } from '#lib/json-members.ts'
import { isObject } from '#lib/json-object.ts'
import type { RequestFacts } from './facts.ts'
import { metadataEdits } from './metadata-edits.ts'
import { batchedRequests, type RequestParams, requestParams } from './request-params.ts'

/**
 * The body of a batch of messages without our keys: in its own `metadata`, of which Anthropic knows nothing, and in that
 * of each request, where `user_id` is Anthropic's own and stays. The very same buffer where there are none.
 */
export function stripRequests(body: Buffer, facts: RequestFacts, stripMetadata: readonly string[]): Buffer {
  const { metadata, requestsMetadata = [] } = facts
  const ours = new Set(stripMetadata)
  const oursInRequests = new Set(stripMetadata.filter((key) => key !== 'user_id'))
  const inRequests = requestsMetadata.some((one) => hasAny(one, oursInRequests))
  if (!inRequests && !hasAny(metadata, ours)) return body
  const members = topLevelMembers(body) ?? []
  const edits = editsOf(body, { openAt: skipSpace(body, 0), members }, ours)
  const requests = inRequests ? batchedRequests(body, members) : []
  for (const params of requestParams(body, requests)) edits.push(...editsOf(body, params, oursInRequests))
  return spliceBytes(body, edits)
}

function hasAny(metadata: unknown, keys: ReadonlySet<string>): boolean {
  return isObject(metadata) && Object.keys(metadata).some((key) => keys.has(key))
}

function editsOf(body: Buffer, { openAt, members }: RequestParams, ours: ReadonlySet<string>): Edit[] {
  const remove = new Set<Member>()
  const edits: Edit[] = []
  for (const member of members) {
    if (member.key !== 'metadata') continue
    const inner = metadataEdits(body, member, (key) => ours.has(key))
    if (inner === 'all') remove.add(member)
    else edits.push(...inner)
  }
  if (remove.size > 0) edits.push(...memberEdits(members, openAt, { remove, replace: new Map(), append: [] }))
  return edits
}
