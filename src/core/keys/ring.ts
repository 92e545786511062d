import type { OverridableField, Payer } from '#core/attribution/payer.ts'
import type { StoredKey, VirtualKey } from './key.ts'

/** What a presented secret is. `missing` = none was presented. */
type KeyVerdict =
  | { readonly kind: 'known'; readonly key: VirtualKey }
  | { readonly kind: 'missing' | 'unknown' | 'expired' | 'revoked' }

export interface KeyRing {
  /** Revoked comes before expired where both hold. */
  find(secret: string, nowMs: number): KeyVerdict
  /** How many keys there are, good or not. */
  readonly size: number
}

/** A key of the configuration. */
export interface ConfiguredKey {
  readonly name: string
  /** SHA-256 of the secret, lower-case hex. The secret itself is not kept. */
  readonly keySha256: string
  readonly attribution: Payer
  readonly mayOverride: readonly OverridableField[]
  /** Globs; null = every model. */
  readonly models: readonly string[] | null
  /** Whether it may book what others bill. */
  readonly mayBill: boolean
  readonly expiresAtMs: number | null
}

interface KeyRingParts {
  /** Win over stored keys that have the same secret. */
  readonly fromConfig: readonly ConfiguredKey[]
  readonly stored: readonly StoredKey[]
  /** SHA-256 of a secret's UTF-8 bytes, lower-case hex. */
  readonly digest: (secret: string) => string
  /** Whether two digests are equal, in a time that does not depend on where they differ. */
  readonly sameDigest: (a: string, b: string) => boolean
  /** Whether a name matches any of the globs, without regard to case. */
  readonly matcher: (globs: readonly string[]) => (name: string) => boolean
}

interface Slot {
  readonly sha256: string
  /** Made once, so that the road allocates nothing. */
  readonly known: KeyVerdict
  readonly expiresAtMs: number
  readonly revokedAtMs: number
}

const missing: KeyVerdict = Object.freeze({ kind: 'missing' })
const unknown: KeyVerdict = Object.freeze({ kind: 'unknown' })
const expired: KeyVerdict = Object.freeze({ kind: 'expired' })
const revoked: KeyVerdict = Object.freeze({ kind: 'revoked' })

/**
 * The keys of an instance, ready to be asked on every call. Immutable: a change makes a new ring.
 *
 * The lookup goes by the digest of what was presented. How long it takes to find those that begin alike may tell
 * something about the digests here, but a caller cannot steer SHA-256 towards a digest, so nothing learnt about one leads
 * to a secret; the comparison that decides is constant in time.
 */
export function createKeyRing(parts: KeyRingParts): KeyRing {
  const slots = new Map<number, Slot[]>()
  const add = (slot: Slot): void => {
    const beginning = beginningOf(slot.sha256)
    const alike = slots.get(beginning)
    if (alike === undefined) slots.set(beginning, [slot])
    else if (!alike.some(({ sha256 }) => sha256 === slot.sha256)) alike.push(slot)
  }
  for (const config of parts.fromConfig) {
    const key = virtualKey(`cfg_${config.name}`, config, parts.matcher)
    add({
      sha256: config.keySha256,
      known: { kind: 'known', key },
      expiresAtMs: orNever(key.expiresAtMs),
      revokedAtMs: never,
    })
  }
  for (const stored of parts.stored) {
    const key = virtualKey(stored.id, stored, parts.matcher)
    const known: KeyVerdict = { kind: 'known', key }
    for (const { sha256, expiresAtMs } of stored.secrets) {
      const endsAtMs = Math.min(orNever(key.expiresAtMs), orNever(expiresAtMs))
      add({ sha256, known, expiresAtMs: endsAtMs, revokedAtMs: orNever(stored.revokedAtMs) })
    }
  }
  return {
    find(secret, nowMs) {
      if (secret === '') return missing
      const digest = parts.digest(secret)
      const slot = slots.get(beginningOf(digest))?.find(({ sha256 }) => parts.sameDigest(sha256, digest))
      if (slot === undefined) return unknown
      if (nowMs >= slot.revokedAtMs) return revoked
      if (nowMs >= slot.expiresAtMs) return expired
      return slot.known
    },
    size: parts.fromConfig.length + parts.stored.length,
  }
}

/** The first digits as a number: asked for a text that was just made, a map would have V8 intern it before it looks. */
function beginningOf(digest: string): number {
  let number = 0
  for (let at = 0; at < 8; at += 1) number = (Math.imul(number, 31) + digest.charCodeAt(at)) | 0
  return number
}

const never = Number.POSITIVE_INFINITY

function orNever(atMs: number | null): number {
  return atMs ?? never
}

/** Verdicts about models that a key remembers: names come from callers, so there must be an end to it. */
const rememberedModels = 1000

/** Longer names are judged anew each time. */
const rememberedNameLength = 256

function virtualKey(
  id: string,
  { name, attribution, mayOverride, models, mayBill, expiresAtMs }: Omit<ConfiguredKey, 'keySha256'>,
  matcher: KeyRingParts['matcher'],
): VirtualKey {
  const allowsModel = models === null ? () => true : remembering(matcher(models))
  return { id, name, attribution, mayOverride: new Set(mayOverride), allowsModel, mayBill, expiresAtMs }
}

function remembering(matches: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const verdict = matches(name)
    if (known.size >= rememberedModels) known.clear()
    if (name.length <= rememberedNameLength) known.set(name, verdict)
    return verdict
  }
}
