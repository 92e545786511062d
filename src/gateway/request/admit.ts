import type { Said } from '#core/attribution/said.ts'
import type { VirtualKey } from '#core/keys/key.ts'
import type { Asker, ClientExchange } from '#ports.ts'
import { queryKey } from '#providers/query.ts'
import { type Refusal, refused } from '../refusal.ts'
import type { ClaimsVerifier, Road } from '../road.ts'

export interface Caller {
  readonly kind: 'admitted'
  readonly key: VirtualKey
  /** What a verified token says of the caller; null where none was sent. */
  readonly claims: Said | null
}

/** Who calls: a known key. */
export function admit(road: Road, asker: Asker, nowMs: number): Caller | Refusal {
  const found = road.keys().find(presentedKey(asker), nowMs)
  switch (found.kind) {
    case 'known':
      break
    case 'expired':
      return refused('invalid_api_key', 'This key has expired. Ask whoever runs Tollgate for a new one.')
    case 'revoked':
      return refused('invalid_api_key', 'This key was revoked. Ask whoever runs Tollgate for a new one.')
    case 'missing':
      return refused('invalid_api_key', missingKeyMessage)
    case 'unknown':
      return refused(
        'invalid_api_key',
        'This key is not known here. A key of this gateway is needed, not one of a provider.',
      )
  }
  return { kind: 'admitted', key: found.key, claims: null }
}

/** The same, with what a token says of the caller: where the operator asks for one, it has to be valid. */
export async function admitWithToken(
  road: Road,
  verifier: ClaimsVerifier,
  exchange: ClientExchange,
  nowMs: number,
): Promise<Caller | Refusal> {
  const caller = admit(road, exchange, nowMs)
  return caller.kind === 'refused' ? caller : verifyClaims(verifier, exchange, caller.key, nowMs)
}

const missingKeyMessage =
  'No key was sent. Send a key of this gateway as "Authorization: Bearer KEY", "x-api-key: KEY", "x-goog-api-key: KEY" or "?key=KEY".'

async function verifyClaims(
  verifier: ClaimsVerifier,
  exchange: ClientExchange,
  key: VirtualKey,
  nowMs: number,
): Promise<Caller | Refusal> {
  const header = exchange.headers[verifier.header]
  if (typeof header !== 'string' || header === '') {
    if (!verifier.required) return { kind: 'admitted', key, claims: null }
    return refused('invalid_jwt', `A signed token is needed in the header "${verifier.header}".`)
  }
  const verdict = await verifier.verify(withoutScheme(header), nowMs)
  if (verdict.kind === 'valid') return { kind: 'admitted', key, claims: verdict.claims }
  const token = `The token in the header "${verifier.header}"`
  if (verdict.because === 'token') return refused('invalid_jwt', `${token} is not valid: ${verdict.reason}.`)
  const message = `${token} cannot be checked at the moment, through no fault of the caller: ${verdict.reason}.`
  return { ...refused('jwt_keys_unavailable', message), retryAfterMs: keysRetryAfterMs }
}

/** The keys are asked for again five seconds after they could not be had. */
const keysRetryAfterMs = 5_000

/** The key, from the first of the carriers that the official SDKs use; empty where there is none. */
export function presentedKey({ headers, query }: Asker): string {
  const { authorization, 'x-api-key': anthropic, 'x-goog-api-key': google } = headers
  const bearer = typeof authorization === 'string' ? withoutScheme(authorization) : ''
  if (bearer !== '') return bearer
  if (typeof anthropic === 'string' && anthropic !== '') return anthropic
  if (typeof google === 'string' && google !== '') return google
  return queryKey(query) ?? ''
}

/** Clients whose key is empty send the scheme alone, and perhaps the key elsewhere. */
function withoutScheme(value: string): string {
  const scheme = value.slice(0, 7).toLowerCase()
  return scheme === 'bearer ' || scheme === 'bearer' ? value.slice(7).trim() : value.trim()
}
