import {
  type Edit,
  elementSpans,
  type Member,
  memberEdits,
  skipSpace,
  spliceBytes,
  topLevelMembers,
} from '#lib/json-members.ts'
import { multipartParts } from '#lib/multipart.ts'
import { stripRequests } from './edit-batch.ts'
import type { RequestFacts } from './facts.ts'
import { metadataEdits } from './metadata-edits.ts'
import type { OutputLimitField } from './output-limit.ts'

export interface RequestChanges {
  /** What the provider is to be asked for; absent = what stands there. */
  readonly model?: string | undefined
  /** Keys to leave out of the body's `metadata`, which goes altogether once nothing is left in it. */
  readonly stripMetadata: readonly string[]
  /** Have the stream report its usage. */
  readonly askForUsage: boolean
  /** Let one answer have no more output tokens than this; absent = what stands there. */
  readonly outputLimit?: OutputLimitChange | undefined
}

export interface OutputLimitChange {
  readonly tokens: number
  /** The members that may stand there (`outputLimitFields`): those that do get the new limit. */
  readonly fields: readonly OutputLimitField[]
  /** Which of them to add where none does (`addedOutputLimit`). */
  readonly added: OutputLimitField
}

/**
 * The body for the provider: the very same buffer where nothing changes, otherwise a copy in which only the changed
 * values differ and every other byte is as the caller wrote it. `body` must be one that `readRequest` accepted, `facts`
 * what it read.
 */
export function editRequest(body: Buffer, facts: RequestFacts, changes: RequestChanges): Buffer {
  if (facts.requestsMetadata !== undefined) return stripRequests(body, facts, changes.stripMetadata)
  const model = changes.model !== undefined && changes.model !== facts.model ? changes.model : null
  if (facts.boundary !== null) return model === null ? body : editMultipart(body, facts.boundary, model)
  const strips = facts.metadata !== null && changes.stripMetadata.some((key) => isStripped(key, facts, changes))
  const asks = changes.askForUsage && facts.includeUsage === 'not_asked'
  const limit = changes.outputLimit ?? null
  if (model === null && !strips && !asks && limit === null) return body
  const members = topLevelMembers(body)
  if (members === null) return body
  const remove = new Set<Member>()
  const replace = new Map<Member, string>()
  const append: string[] = []
  const inner: Edit[] = []
  let usageAsked = false
  let limited = limit === null
  for (const member of members) {
    if (member.key === 'model' && model !== null) {
      replace.set(member, JSON.stringify(facts.dialect === 'google' ? resourceName(model) : model))
    } else if (member.key === 'metadata' && strips) {
      const edits = metadataEdits(body, member, (key) => isStripped(key, facts, changes))
      if (edits === 'all') remove.add(member)
      else inner.push(...edits)
    } else if (member.key === 'stream_options' && asks) {
      usageAsked = true
      const edits = usageEdits(body, member)
      if (typeof edits === 'string') replace.set(member, edits)
      else inner.push(...edits)
    } else if (limit !== null && isLimit(member, limit)) {
      limited = true
      const edits = limitEdits(body, member, limit)
      if (typeof edits === 'string') replace.set(member, edits)
      else inner.push(...edits)
    } else if (model !== null && facts.dialect === 'google') {
      // One by one: there may be more than fit on the stack as arguments.
      for (const edit of innerModelEdits(body, member, model)) inner.push(edit)
    }
  }
  if (asks && !usageAsked) append.push('"stream_options":{"include_usage":true}')
  if (!limited && limit !== null) append.push(limitMember(limit))
  return spliceBytes(body, [...memberEdits(members, skipSpace(body, 0), { remove, replace, append }), ...inner])
}

/** `metadata.user_id` is Anthropic's own field; only there it stays. */
function isStripped(key: string, facts: RequestFacts, changes: RequestChanges): boolean {
  if (facts.metadata === null || !Object.hasOwn(facts.metadata, key)) return false
  return changes.stripMetadata.includes(key) && !(key === 'user_id' && facts.dialect === 'anthropic')
}

/** Text = what to put in place of the whole value. */
function usageEdits(body: Buffer, member: Member): Edit[] | string {
  const members = topLevelMembers(body, member.valueStart)
  // What is no object is the provider's to refuse; null says the same as nothing.
  if (members === null) return body[member.valueStart] === 0x6e ? '{"include_usage":true}' : []
  const present = members.filter(({ key }) => key === 'include_usage')
  return memberEdits(members, member.valueStart, {
    remove: new Set(),
    replace: new Map(present.map((found) => [found, 'true'])),
    append: present.length === 0 ? ['"include_usage":true'] : [],
  })
}

function isLimit({ key }: Member, { fields }: OutputLimitChange): boolean {
  return fields.some((field) => field === key || (field === 'generationConfig' && key === 'generation_config'))
}

function limitMember({ added, tokens }: OutputLimitChange): string {
  return added === 'generationConfig' ? `"generationConfig":{"maxOutputTokens":${tokens}}` : `"${added}":${tokens}`
}

/** Text = what to put in place of the whole value. */
function limitEdits(body: Buffer, member: Member, { tokens }: OutputLimitChange): Edit[] | string {
  if (member.key !== 'generationConfig' && member.key !== 'generation_config') return String(tokens)
  const members = topLevelMembers(body, member.valueStart)
  if (members === null) return `{"maxOutputTokens":${tokens}}`
  const present = members.filter(({ key }) => key === 'maxOutputTokens' || key === 'max_output_tokens')
  return memberEdits(members, member.valueStart, {
    remove: new Set(),
    replace: new Map(present.map((found) => [found, String(tokens)])),
    append: present.length === 0 ? [`"maxOutputTokens":${tokens}`] : [],
  })
}

/** Gemini repeats the path's model inside of some bodies: in `generateContentRequest` and in every one of `requests`. */
function innerModelEdits(body: Buffer, member: Member, model: string): Edit[] {
  if (member.key === 'generateContentRequest') return modelMemberEdits(body, member.valueStart, model)
  if (member.key !== 'requests') return []
  return (elementSpans(body, member.valueStart) ?? []).flatMap(({ start }) => modelMemberEdits(body, start, model))
}

function resourceName(model: string): string {
  return model.includes('/') ? model : `models/${model}`
}

function modelMemberEdits(body: Buffer, objectStart: number, model: string): Edit[] {
  const text = JSON.stringify(resourceName(model))
  const named = (topLevelMembers(body, objectStart) ?? []).filter(({ key }) => key === 'model')
  return named.map(({ valueStart, valueEnd }) => ({ start: valueStart, end: valueEnd, text }))
}

function editMultipart(body: Buffer, boundary: string, model: string): Buffer {
  const parts = multipartParts(body, boundary) ?? []
  const named = parts.filter((part) => part.name === 'model' && part.filename === null)
  return spliceBytes(
    body,
    named.map(({ valueStart, valueEnd }) => ({ start: valueStart, end: valueEnd, text: model })),
  )
}
