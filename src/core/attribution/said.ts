import type { Payer } from './payer.ts'

/** What one source (claims, metadata, headers) says about who pays. Absent = it says nothing about that field. */
export type Said = Readonly<Partial<Payer>>

/** The same while it is being read. */
export type SaidDraft = { -readonly [Property in keyof Payer]?: Payer[Property] }

/** `said` is null where the source says nothing at all, which is the common case and costs no allocation. */
export type SaidReading = { readonly kind: 'said'; readonly said: Said | null } | InvalidAttribution

export interface InvalidAttribution {
  readonly kind: 'invalid_attribution'
  /** Where the bad value stood, as the caller wrote it: `x-department`, `metadata.project`, `claim org.unit`. */
  readonly field: string
  /** For people; never repeats the value. */
  readonly message: string
}

export const nothingSaid: SaidReading = Object.freeze({ kind: 'said', said: null })

export function invalid(field: string, fault: string): InvalidAttribution {
  return { kind: 'invalid_attribution', field, message: `${field} ${fault}` }
}
