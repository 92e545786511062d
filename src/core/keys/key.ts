import type { OverridableField, Payer } from '#core/attribution/payer.ts'

/**
 * Whether a key that does not say so may book what others bill (`POST /v1/billing/webhook`): one that is for some models
 * only may where it pins the cost center, so that it can bill no other. See docs/decisions/0168.
 */
export function defaultMayBill({ models, attribution, mayOverride }: Limits): boolean {
  return models === null || (attribution.costCenter !== '' && !mayOverride.includes('cost_center'))
}

type Limits = Pick<StoredKey, 'models' | 'attribution' | 'mayOverride'>

/** A key as the road uses it, wherever it is kept. */
export interface VirtualKey {
  /** `cfg_<name>` or `key_…`; never derived from the secret. */
  readonly id: string
  readonly name: string
  /** What calls made with the key are attributed to unless they may and do say otherwise. */
  readonly attribution: Payer
  readonly mayOverride: ReadonlySet<OverridableField>
  /** Whether the key may be used for a model; the case of its letters does not matter. */
  allowsModel(model: string): boolean
  /** Whether it may book what others bill. */
  readonly mayBill: boolean
  /** From this instant on the key is no good. Null = never. */
  readonly expiresAtMs: number | null
}

/** A key as the settings keep it. The secrets themselves are not kept. */
export interface StoredKey {
  readonly id: string
  readonly name: string
  readonly attribution: Payer
  readonly mayOverride: readonly OverridableField[]
  /** Globs; null = every model. */
  readonly models: readonly string[] | null
  readonly mayBill: boolean
  readonly expiresAtMs: number | null
  readonly createdAtMs: number
  readonly revokedAtMs: number | null
  /** Newest first. A key has several while a rotation's grace lasts. */
  readonly secrets: readonly StoredSecret[]
}

interface StoredSecret {
  /** SHA-256 of the secret, lower-case hex. */
  readonly sha256: string
  /** The first characters of the secret, for people to tell keys apart. */
  readonly prefix: string
  readonly createdAtMs: number
  /** From this instant on the secret is no good; null = as long as its key. */
  readonly expiresAtMs: number | null
}

/** What somebody who makes a key decides. */
export interface NewKey {
  readonly name: string
  readonly attribution: Payer
  /** Null = by the rule of `defaultMayOverride`. */
  readonly mayOverride: readonly OverridableField[] | null
  readonly models: readonly string[] | null
  /** Null = by the rule of `defaultMayBill`. */
  readonly mayBill: boolean | null
  readonly expiresAtMs: number | null
}
