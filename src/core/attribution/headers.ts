import { type PayerField, payerProperty } from './payer.ts'
import { nothingSaid, type SaidDraft, type SaidReading } from './said.ts'
import { readTags } from './tags.ts'
import { readValue } from './text.ts'

const fieldHeaders: readonly (readonly [string, PayerField])[] = [
  ['x-department', 'department'],
  ['x-project', 'project'],
  ['x-cost-center', 'cost_center'],
  ['x-user-id', 'user_id'],
  ['x-session-id', 'session_id'],
  ['x-feature-flag', 'feature_flag'],
  ['x-request-path', 'request_path'],
]

const tagsHeader = 'x-tollgate-tags'

const utf8 = new TextDecoder('utf-8', { fatal: true })
const beyondAscii = /[^\0-\x7f]/

/**
 * What the headers of a request say about who pays.
 *
 * @param headers names in lower case, values as `node:http` gives them: each byte as one character.
 */
export function readAttributionHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): SaidReading {
  let draft: SaidDraft | null = null
  for (const [header, field] of fieldHeaders) {
    const raw = headers[header]
    if (raw === undefined) continue
    const text = readValue(decodeHeader(raw), header)
    if (typeof text !== 'string') return text
    if (text === '') continue
    draft ??= {}
    draft[payerProperty[field]] = text
  }
  const raw = headers[tagsHeader]
  if (raw !== undefined) {
    const reading = readTags(decodeHeader(raw), tagsHeader)
    if (reading.kind !== 'tags') return reading
    draft ??= {}
    draft.tags = reading.tags
  }
  return draft === null ? nothingSaid : { kind: 'said', said: draft }
}

/** Header bytes are read as UTF-8 where they are valid UTF-8 (what clients send today), otherwise as ISO 8859-1. */
function decodeHeader(raw: string | readonly string[]): string {
  const text = typeof raw === 'string' ? raw : raw.join(', ')
  if (!beyondAscii.test(text)) return text
  try {
    return utf8.decode(Buffer.from(text, 'latin1'))
  } catch {
    // The only fault `decode` has is "not UTF-8": then each byte stands for itself, as RFC 9110 has it.
    return text
  }
}

/**
 * The value of a header that carries such a text back: its UTF-8 bytes, each as one character, as `node:http` wants
 * them. The text itself would be refused by `node:http` for any character beyond ISO 8859-1.
 */
export function encodeHeader(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}
