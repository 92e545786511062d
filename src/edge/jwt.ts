import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import { readAttributionClaims } from '#core/attribution/claims.ts'
import type { JwtRules } from '#core/attribution/jwt-rules.ts'
import type { Said } from '#core/attribution/said.ts'
import { sha256Hex } from '#lib/secret.ts'
import type { Clock } from '#ports.ts'
import { KeysUnavailable, rotatingKeys } from './jwks.ts'

interface JwtDoors {
  readonly clock: Clock
  /** The text of the key set's file. */
  readonly readFile: (path: string) => Promise<string>
  /** Told each time the keys could not be had; the cause says why. For the log. */
  readonly onKeysFault: (fault: Error) => void
}

export type JwtVerdict =
  | { readonly kind: 'valid'; readonly claims: Said }
  | {
      readonly kind: 'invalid'
      /** For people, to stand behind a colon; never repeats what the token says. */
      readonly reason: string
      /** `keys` = nothing is known about the token, as the keys cannot be had: worth another try later. */
      readonly because: 'token' | 'keys'
    }

interface JwtVerifier {
  readonly header: string
  readonly required: boolean
  /** @param token without a scheme such as `Bearer`. */
  verify(token: string, nowMs: number): Promise<JwtVerdict>
}

/** The configuration asks for something that would let anybody sign tokens. */
export class JwtFault extends Error {
  readonly code = 'jwt_algorithms'
}

/** How far the clocks of the identity provider and this machine may differ. */
const toleranceMs = 30_000

/** A verified token is trusted without another look for at most this long: so soon does a withdrawn key count. */
const rememberMs = 5 * 60_000

const rememberedTokens = 10_000

const fetchTimeoutMs = 5_000

/** Key sets are a few kB; whatever answers with more is not one. */
const maxKeySetChars = 1_000_000

const nothingSaid: Said = Object.freeze({})

/**
 * Verifies tokens of the operator's identity provider: signature, algorithm, issuer, audience, begin and end. A token
 * must have an end.
 *
 * @throws JwtFault where the algorithms do not fit the source: `none`, an HMAC algorithm with public keys (whoever
 * knows the public key could then sign), or a public-key algorithm with a shared secret.
 */
export function createJwtVerifier(rules: JwtRules, doors: JwtDoors): JwtVerifier {
  checkAlgorithms(rules)
  const key = keySource(rules, doors)
  const options: JWTVerifyOptions = {
    algorithms: [...rules.algorithms],
    requiredClaims: ['exp'],
    clockTolerance: toleranceMs / 1000,
    ...(rules.issuer === null ? {} : { issuer: rules.issuer }),
    ...(rules.audience === null ? {} : { audience: rules.audience }),
  }
  const remembered = new Map<string, { readonly verdict: JwtVerdict; readonly untilMs: number }>()
  return {
    header: rules.header,
    required: rules.required,
    async verify(token, nowMs) {
      // Remembered by hash: a map of live tokens would be worth stealing.
      const digest = sha256Hex(token)
      const before = remembered.get(digest)
      if (before !== undefined && nowMs < before.untilMs) return before.verdict
      const payload = await verifiedPayload(token, key, { ...options, currentDate: new Date(nowMs) })
      if ('kind' in payload) return payload
      const { claims } = payload
      const reading = readAttributionClaims(claims, rules.claims)
      if (reading.kind !== 'said') return { kind: 'invalid', reason: reading.message, because: 'token' }
      const verdict: JwtVerdict = { kind: 'valid', claims: reading.said ?? nothingSaid }
      remembered.delete(digest)
      forgetOldest(remembered)
      remembered.set(digest, { verdict, untilMs: Math.min(nowMs + rememberMs, endMs(claims)) })
      return verdict
    },
  }
}

function checkAlgorithms({ source, algorithms }: JwtRules): void {
  if (algorithms.length === 0) throw new JwtFault('jwt.algorithms is empty: name at least one')
  for (const algorithm of algorithms) {
    const symmetric = algorithm.startsWith('HS')
    if (algorithm.toLowerCase() === 'none') throw new JwtFault('jwt.algorithms: "none" would accept unsigned tokens')
    if (source.kind !== 'secret' && symmetric) {
      throw new JwtFault(`jwt.algorithms: ${algorithm} needs a shared secret, it cannot be used with public keys`)
    }
    if (source.kind === 'secret' && !symmetric) {
      throw new JwtFault(`jwt.algorithms: ${algorithm} needs public keys, it cannot be used with a shared secret`)
    }
  }
}

function keySource({ source }: JwtRules, { clock, readFile, onKeysFault }: JwtDoors): JWTVerifyGetKey {
  switch (source.kind) {
    case 'secret': {
      const secret = new TextEncoder().encode(source.secret)
      return () => secret
    }
    case 'jwks_file':
      return rotatingKeys(async () => JSON.parse(await readFile(source.path)), clock, onKeysFault)
    case 'jwks_url':
      return rotatingKeys(() => fetchKeySet(source.url), clock, onKeysFault)
  }
}

async function fetchKeySet(url: string): Promise<unknown> {
  // A redirect could lead to keys of somebody else: the configured address answers itself or not at all.
  const answer = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(fetchTimeoutMs),
    headers: { accept: 'application/json, application/jwk-set+json' },
  })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`the key set's address answered with status ${answer.status}`)
  if (text.length > maxKeySetChars) throw new Error(`the key set is longer than ${maxKeySetChars} characters`)
  return JSON.parse(text)
}

type Invalid = Extract<JwtVerdict, { kind: 'invalid' }>

async function verifiedPayload(
  token: string,
  key: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<{ readonly claims: JWTPayload } | Invalid> {
  try {
    return { claims: (await jwtVerify(token, key, options)).payload }
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return firstThatFits(token, error, options)
    return invalidBy(error)
  }
}

/** A token that names no key, and a set with several of its kind: any of them may be the one. */
async function firstThatFits(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<{ readonly claims: JWTPayload } | Invalid> {
  for await (const key of candidates) {
    try {
      return { claims: (await jwtVerify(token, key, options)).payload }
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) return invalidBy(error)
    }
  }
  return { kind: 'invalid', reason: reasons.ERR_JWS_SIGNATURE_VERIFICATION_FAILED, because: 'token' }
}

const reasons = {
  ERR_JWT_EXPIRED: 'it has expired',
  ERR_JOSE_ALG_NOT_ALLOWED: 'its algorithm is not allowed here',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'its signature does not fit',
  ERR_JWKS_NO_MATCHING_KEY: 'it is signed with a key that is not in the key set',
  ERR_JWS_INVALID: 'it is not a signed token',
  ERR_JWT_INVALID: 'its content is not a set of claims',
  ERR_JOSE_NOT_SUPPORTED: 'it needs something that is not supported',
} as const

const claimReasons: Readonly<Record<string, string>> = {
  iss: 'it was issued by somebody else',
  aud: 'it is meant for somebody else',
  nbf: 'it is not valid yet',
  exp: 'it has no end',
}

function invalidBy(error: unknown): Invalid {
  if (error instanceof errors.JWTClaimValidationFailed && !(error instanceof errors.JWTExpired)) {
    return { kind: 'invalid', reason: claimReasons[error.claim] ?? 'a claim does not fit', because: 'token' }
  }
  if (error instanceof errors.JOSEError) {
    const known = Object.entries(reasons).find(([code]) => code === error.code)
    if (known !== undefined) return { kind: 'invalid', reason: known[1], because: 'token' }
  }
  // What else can go wrong does so with the keys: they cannot be had, or the one the token names is malformed.
  const why = error instanceof KeysUnavailable ? error.message : 'the key that it is signed with cannot be used'
  return { kind: 'invalid', reason: why, because: 'keys' }
}

function endMs({ exp }: JWTPayload): number {
  return exp === undefined ? 0 : exp * 1000 + toleranceMs
}

/** A map keeps the order of insertion, so that what comes first was remembered first. */
function forgetOldest(remembered: Map<string, unknown>): void {
  if (remembered.size < rememberedTokens) return
  for (const digest of remembered.keys()) {
    remembered.delete(digest)
    return
  }
}
