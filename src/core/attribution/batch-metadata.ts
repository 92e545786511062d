import { requestFields } from './may-override.ts'
import { readAttributionMetadata } from './metadata.ts'
import { payerFields, payerProperty } from './payer.ts'
import { invalid, nothingSaid, type Said, type SaidDraft, type SaidReading } from './said.ts'

/**
 * What a batch says about who pays, where each of its requests may have `metadata` of its own beside that of the whole.
 *
 * A batch has one payer. Of whom it is, all that say something must say the same. What describes a single request
 * (`requestFields`) may differ, and is then said of none.
 */
export function readBatchMetadata(whole: unknown, requests: readonly unknown[]): SaidReading {
  const all: Said[] = []
  for (const metadata of [whole, ...requests]) {
    const reading = readAttributionMetadata(metadata)
    if (reading.kind !== 'said') return reading
    if (reading.said !== null) all.push(reading.said)
  }
  const draft: SaidDraft = {}
  for (const field of payerFields) {
    const property = payerProperty[field]
    const values = new Set(all.flatMap((said) => said[property] ?? []))
    if (values.size > 1 && !requestFields.includes(field)) {
      return invalid(`metadata.${field}`, 'differs between the requests of a batch, which has one payer')
    }
    const [value] = values
    if (value !== undefined && values.size === 1) draft[property] = value
  }
  const tags = sharedTags(all)
  if (Object.keys(tags).length > 0) draft.tags = tags
  return Object.keys(draft).length === 0 ? nothingSaid : { kind: 'said', said: draft }
}

/** Those that are in all that have tags. */
function sharedTags(all: readonly Said[]): Readonly<Record<string, string>> {
  const [first = {}, ...others] = all.flatMap(({ tags }) => (tags === undefined ? [] : [tags]))
  const shared = Object.entries(first).filter(([name, value]) =>
    others.every((tags) => Object.hasOwn(tags, name) && tags[name] === value),
  )
  return Object.fromEntries(shared)
}
