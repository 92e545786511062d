import { type Member, type Span, topLevelMembers } from '#lib/json-members.ts'
import { isObject } from '#lib/json-object.ts'
import type { EndpointMatch } from '../endpoints.ts'
import { emptyFacts, type RequestFacts, type RequestRefusal, refusal } from './facts.ts'
import { faultOfMembers } from './member-names.ts'
import { parseMetadata } from './parse-metadata.ts'
import { noReach, type RequestReach } from './reach.ts'
import { batchedRequests, requestParams } from './request-params.ts'

const metadataOnly: ReadonlySet<string> = new Set(['metadata'])
const metadataAndRequests: ReadonlySet<string> = new Set(['metadata', 'requests'])

/** The most that Anthropic takes (https://docs.anthropic.com/en/api/creating-message-batches): each is looked into. */
const mostRequests = 100_000

/** Reads who pays out of the JSON of a call of which nothing else decides anything here. */
export function readBodyMetadata(
  match: EndpointMatch,
  body: Buffer,
): { readonly kind: 'read'; readonly facts: RequestFacts; readonly reach: RequestReach } | RequestRefusal {
  const members = topLevelMembers(body) ?? []
  const batch = match.endpoint === 'messages.batches'
  const fault = faultOfMembers(members, batch ? metadataAndRequests : metadataOnly)
  if (fault !== null) return fault
  const own = members.find(({ key }) => key === 'metadata')
  const value = own === undefined ? null : parseMetadata(textOf(body, own))
  const facts: RequestFacts = { ...emptyFacts(match), metadata: isObject(value) ? value : null }
  if (!batch) return { kind: 'read', facts, reach: noReach }
  const requests = batchedRequests(body, members)
  if (requests.length > mostRequests) {
    return refusal('invalid_request', `a batch may have ${mostRequests} requests, not ${requests.length}`, 'requests')
  }
  return { kind: 'read', facts: { ...facts, requestsMetadata: metadataOf(body, requests) }, reach: noReach }
}

/** Most requests of a batch have the same. */
function metadataOf(body: Buffer, requests: readonly Span[]): unknown[] {
  const texts = new Set<string>()
  for (const params of requestParams(body, requests)) {
    for (const member of params.members) if (member.key === 'metadata') texts.add(textOf(body, member))
  }
  return [...texts].map(parseMetadata)
}

function textOf(body: Buffer, { valueStart, valueEnd }: Member): string {
  return body.toString('utf8', valueStart, valueEnd)
}
