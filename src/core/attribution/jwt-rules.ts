import type { PayerField } from './payer.ts'

/** What tokens of an identity provider are verified against, and what their claims say. */
export interface JwtRules {
  /** Lower-case name of the header that carries the token, with or without `Bearer `. */
  readonly header: string
  readonly source:
    | { readonly kind: 'jwks_url'; readonly url: string }
    | { readonly kind: 'jwks_file'; readonly path: string }
    | { readonly kind: 'secret'; readonly secret: string }
  readonly issuer: string | null
  readonly audience: string | null
  readonly algorithms: readonly string[]
  /** Claim name (dots reach into objects) → field of attribution. */
  readonly claims: Readonly<Record<string, PayerField>>
  /** True = calls without a token are refused. */
  readonly required: boolean
}
