import type { Config } from '#config/config.ts'
import { createKeyRing, type KeyRing } from '#core/keys/ring.ts'
import { systemTimers } from '#edge/system.ts'
import { globMatcher } from '#lib/glob.ts'
import { sameDigest, sha256Hex } from '#lib/secret.ts'
import type { Settings, Timer } from '#ports.ts'

/** How soon a key that was made or revoked elsewhere counts here. */
const pollMs = 1_000

/** The keys of configuration and settings together, renewed when either changes. */
export class KeyWatch {
  ring: KeyRing
  readonly #settings: Settings
  readonly #onError: (error: unknown) => void
  #config: Config
  #version: number
  #timer: Timer | null = null
  #renewing: Promise<void> = Promise.resolve()

  private constructor(settings: Settings, config: Config, onError: (error: unknown) => void, first: Renewed) {
    this.#settings = settings
    this.#config = config
    this.#onError = onError
    this.ring = first.ring
    this.#version = first.version
  }

  static async open(settings: Settings, config: Config, onError: (error: unknown) => void): Promise<KeyWatch> {
    return new KeyWatch(settings, config, onError, await renewed(settings, config))
  }

  /** Looks for changes from now on, until `close`. */
  follow(): void {
    this.#timer = systemTimers.after(pollMs, () => {
      this.#look()
      this.follow()
    })
  }

  #look(): void {
    try {
      if (this.#settings.version() !== this.#version) this.#renew()
    } catch (error) {
      // The next look is soon; nothing is worth ending the calls for.
      this.#onError(error)
    }
  }

  /** Resolves when the keys of the new configuration count. */
  configure(config: Config): Promise<void> {
    this.#config = config
    this.#renew()
    return this.#renewing
  }

  /** Resolves when nothing is being read any more. */
  close(): Promise<void> {
    this.#timer?.cancel()
    return this.#renewing
  }

  /** One after the other, so that an older look never replaces a newer one. */
  #renew(): void {
    this.#renewing = this.#renewing.then(async () => {
      const { ring, version } = await renewed(this.#settings, this.#config)
      this.ring = ring
      this.#version = version
    })
    this.#renewing = this.#renewing.catch(this.#onError)
  }
}

interface Renewed {
  readonly ring: KeyRing
  readonly version: number
}

async function renewed(settings: Settings, config: Config): Promise<Renewed> {
  // Read before the keys: a change in between is then seen at the next look.
  const version = settings.version()
  const stored = await settings.keys()
  const ring = createKeyRing({ fromConfig: config.keys, stored, digest: sha256Hex, sameDigest, matcher: globMatcher })
  return { ring, version }
}
