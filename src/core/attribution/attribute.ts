import { type OverridableField, type Payer, payerFields, payerProperty } from './payer.ts'
import type { Said } from './said.ts'

/** The sources of attribution, in rising precedence. Null = the source says nothing. */
interface AttributionSources {
  readonly key: { readonly attribution: Payer; readonly mayOverride: ReadonlySet<OverridableField> }
  /** Of a token that was verified. */
  readonly claims: Said | null
  readonly metadata: Said | null
  readonly headers: Said | null
}

export interface Attributed {
  readonly payer: Payer
  /** Fields that a source tried to set to something else than the key has, where the key does not allow it. */
  readonly denied: readonly OverridableField[]
}

const nothingDenied: readonly OverridableField[] = Object.freeze([])

/**
 * Who pays for a call: the key's word, overridden by claims, metadata and headers, each above the one before, in the
 * fields that the key allows; nothing else is ever overridden, whoever asks. Saying what the key says anyway is not an
 * attempt. Tags are merged by name. Where nobody but the key speaks, the payer is the key's own object.
 */
export function attribute({ key, claims, metadata, headers }: AttributionSources): Attributed {
  if (claims === null && metadata === null && headers === null) {
    return { payer: key.attribution, denied: nothingDenied }
  }
  const payer: { -readonly [Property in keyof Payer]: Payer[Property] } = { ...key.attribution }
  const denied: OverridableField[] = []
  for (const field of payerFields) {
    const property = payerProperty[field]
    const own = key.attribution[property]
    if (key.mayOverride.has(field)) {
      payer[property] = headers?.[property] || metadata?.[property] || claims?.[property] || own
    } else if (
      differs(claims?.[property], own) ||
      differs(metadata?.[property], own) ||
      differs(headers?.[property], own)
    ) {
      denied.push(field)
    }
  }
  const own = key.attribution.tags
  if (key.mayOverride.has('tags')) {
    if (claims?.tags || metadata?.tags || headers?.tags) {
      payer.tags = { ...own, ...claims?.tags, ...metadata?.tags, ...headers?.tags }
    }
  } else if (tagsDiffer(claims?.tags, own) || tagsDiffer(metadata?.tags, own) || tagsDiffer(headers?.tags, own)) {
    denied.push('tags')
  }
  return { payer, denied: denied.length === 0 ? nothingDenied : denied }
}

/** '' is what nobody said, so it never differs. */
function differs(said: string | undefined, own: string): boolean {
  return said !== undefined && said !== '' && said !== own
}

function tagsDiffer(
  said: Readonly<Record<string, string>> | undefined,
  own: Readonly<Record<string, string>>,
): boolean {
  if (said === undefined) return false
  return Object.entries(said).some(([name, value]) => !Object.hasOwn(own, name) || own[name] !== value)
}
