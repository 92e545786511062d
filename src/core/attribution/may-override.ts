import { type OverridableField, type Payer, payerFields, payerProperty } from './payer.ts'

/** The fields that describe a single request rather than the owner of its cost: free to set unless a key locks them. */
export const requestFields: readonly OverridableField[] = [
  'user_id',
  'session_id',
  'feature_flag',
  'request_path',
  'tags',
]

/**
 * What callers may override with a key that was made without a list of its own, wherever it was made (configuration,
 * command line, first start): the fields that describe the request, and every field that the key itself leaves empty.
 *
 * So a key that names a department pins it, and a key that names nothing attributes by what its callers say. A list
 * given with the key replaces this rule as a whole. See docs/decisions/0071.
 */
export function defaultMayOverride(attribution: Payer): readonly OverridableField[] {
  const empty = payerFields.filter((field) => attribution[payerProperty[field]] === '')
  return [...empty, ...requestFields.filter((field) => !empty.some((other) => other === field))]
}
