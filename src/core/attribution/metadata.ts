import { payerFields, payerProperty } from './payer.ts'
import { nothingSaid, type SaidDraft, type SaidReading } from './said.ts'
import { readTags } from './tags.ts'
import { readValue } from './text.ts'

/** Sent by clients as a mark for their auditors; kept as a tag of this name. */
const auditTimestamp = 'audit_timestamp'

/** The keys of a body's `metadata` that are ours: read here, and stripped from the body before it goes upstream. */
export const metadataFields: ReadonlySet<string> = new Set([...payerFields, 'tags', auditTimestamp])

/**
 * What the `metadata` object of a request body says about who pays. Keys that are not ours are left alone, and
 * metadata that is not an object is the provider's to judge: it says nothing.
 */
export function readAttributionMetadata(metadata: unknown): SaidReading {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return nothingSaid
  const values: Readonly<Record<string, unknown>> = { ...metadata }
  let draft: SaidDraft | null = null
  for (const field of payerFields) {
    if (!Object.hasOwn(values, field)) continue
    const text = readValue(values[field], `metadata.${field}`)
    if (typeof text !== 'string') return text
    if (text === '') continue
    draft ??= {}
    draft[payerProperty[field]] = text
  }
  const tags = readMetadataTags(values)
  if (tags.kind !== 'said') return tags
  if (tags.said !== null) draft = { ...draft, ...tags.said }
  return draft === null ? nothingSaid : { kind: 'said', said: draft }
}

function readMetadataTags(values: Readonly<Record<string, unknown>>): SaidReading {
  let tags: Readonly<Record<string, string>> = {}
  const given = Object.hasOwn(values, 'tags') ? values['tags'] : undefined
  if (given !== undefined && given !== null) {
    const reading = readTags(given, 'metadata.tags')
    if (reading.kind !== 'tags') return reading
    tags = reading.tags
  }
  if (Object.hasOwn(values, auditTimestamp)) {
    const text = readValue(values[auditTimestamp], `metadata.${auditTimestamp}`)
    if (typeof text !== 'string') return text
    if (text !== '') tags = { ...tags, [auditTimestamp]: text }
  }
  return Object.keys(tags).length === 0 ? nothingSaid : { kind: 'said', said: { tags } }
}
