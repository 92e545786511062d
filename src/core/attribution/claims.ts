import { type PayerField, payerProperty } from './payer.ts'
import { nothingSaid, type SaidDraft, type SaidReading } from './said.ts'
import { readValue } from './text.ts'

/**
 * What the claims of a verified token say about who pays.
 *
 * @param claimFields claim → field. A claim is looked up by its whole name first (`https://example.com/team` has dots
 * of its own), then dots reach into objects. A list of one stands for its only element. Absent claims say nothing.
 */
export function readAttributionClaims(
  claims: Readonly<Record<string, unknown>>,
  claimFields: Readonly<Record<string, PayerField>>,
): SaidReading {
  let draft: SaidDraft | null = null
  for (const [claim, field] of Object.entries(claimFields)) {
    const found = claimAt(claims, claim)
    const value = Array.isArray(found) && found.length === 1 ? found[0] : found
    const text = readValue(value, `claim ${claim}`)
    if (typeof text !== 'string') return text
    if (text === '') continue
    draft ??= {}
    draft[payerProperty[field]] = text
  }
  return draft === null ? nothingSaid : { kind: 'said', said: draft }
}

function claimAt(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const object: Readonly<Record<string, unknown>> = { ...value }
  if (Object.hasOwn(object, path)) return object[path]
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const head = path.slice(0, dot)
    if (!Object.hasOwn(object, head)) continue
    const found = claimAt(object[head], path.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}
