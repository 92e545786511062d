import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '#ports.ts'

/** After this long the keys are fetched again, while those at hand still serve. */
const freshMs = 10 * 60_000

/** After this long keys that could not be renewed serve no more: a key withdrawn meanwhile must end at some time. */
const usableMs = 60 * 60_000

/** No sooner than this after the last try are keys fetched again because a token names one that is not there. */
const missCooldownMs = 30_000

/** No sooner than this after a failure is the next try made; until then nobody waits for a dead address. */
const faultCooldownMs = 5_000

/** The keys that tokens are verified with cannot be had just now: says nothing about a token. */
export class KeysUnavailable extends Error {
  readonly code = 'keys_unavailable'

  constructor(cause: unknown) {
    super('the keys that tokens are signed with cannot be read', { cause })
    this.name = 'KeysUnavailable'
  }
}

/**
 * Picks the public key a token names from a key set that is loaded when first needed, renewed in the background, and
 * loaded again (at a bounded rate, whatever callers send) when a token names an unknown key, so that the provider can
 * rotate its keys. At most one load is under way.
 *
 * @param onFault told of every load that failed, for the log.
 * @param load rejects, or resolves to anything: what is not a key set counts as a failure.
 * @returns throws KeysUnavailable, and jose's errors about the token.
 */
export function rotatingKeys(
  load: () => Promise<unknown>,
  clock: Clock,
  onFault: (fault: KeysUnavailable) => void,
): JWTVerifyGetKey {
  let pick: ReturnType<typeof createLocalJWKSet> | null = null
  let loadedAtMs = 0
  let triedAtMs = Number.NEGATIVE_INFINITY
  let fault: KeysUnavailable | null = null
  let pending: Promise<void> | null = null

  const reload = (): Promise<void> => {
    pending ??= load()
      .then((value) => {
        pick = createLocalJWKSet(keySet(value))
        loadedAtMs = clock.monotonicMs()
        fault = null
      })
      .catch((cause: unknown) => {
        fault = new KeysUnavailable(cause)
        onFault(fault)
        throw fault
      })
      .finally(() => {
        triedAtMs = clock.monotonicMs()
        pending = null
      })
    return pending
  }
  const current = async (): Promise<ReturnType<typeof createLocalJWKSet>> => {
    const ageMs = clock.monotonicMs() - loadedAtMs
    const mayTry = fault === null || clock.monotonicMs() - triedAtMs >= faultCooldownMs
    if (pick === null || ageMs >= usableMs) {
      if (!mayTry) throw fault
      await reload()
    } else if (ageMs >= freshMs && mayTry) {
      // Not awaited: the keys at hand serve, and `fault` remembers a failure for when they no longer do.
      reload().catch(() => undefined)
    }
    if (pick === null) throw new KeysUnavailable(undefined)
    return pick
  }
  return async (header, token) => {
    const keys = await current()
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      if (clock.monotonicMs() - triedAtMs < missCooldownMs) throw error
      await reload()
      return (await current())(header, token)
    }
  }
}

function keySet(value: unknown): JSONWebKeySet {
  if (typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys)) {
    return { keys: value.keys }
  }
  throw new TypeError('not a JSON Web Key Set')
}
