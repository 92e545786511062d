import type { Config } from '#config/config.ts'
import type { StoredKey } from '#core/keys/key.ts'
import type { KeyRing } from '#core/keys/ring.ts'
import { systemTimers } from '#edge/system.ts'
import type { Settings, Timer } from '#ports.ts'
import { type Credentials, isSecretOf, readCredentials } from '../credentials.ts'

/** How soon a key that was made or revoked elsewhere counts here. */
const pollMs = 1_000

const replacedMessage =
  'settings.db was moved away, deleted or replaced while Tollgate runs: the keys of before stay in force, and keys and tokens ' +
  'that are made or revoked now count only after a restart'

/** The keys of configuration and settings together, and who may scrape, renewed when either changes. */
export class KeyWatch {
  readonly #settings: Settings
  readonly #hooks: KeyHooks
  #config: Config
  #now: Known
  #timer: Timer | null = null
  /** Why they could not be read the last time; null where they could. */
  #fault: string | null = null
  #renewing: Promise<void> = Promise.resolve()

  private constructor(settings: Settings, config: Config, hooks: KeyHooks, first: Known) {
    this.#settings = settings
    this.#config = config
    this.#hooks = hooks
    this.#now = first
  }

  static async open(settings: Settings, config: Config, hooks: KeyHooks): Promise<KeyWatch> {
    const first = await readKnown(settings, config)
    hooks.onStored(first.stored)
    return new KeyWatch(settings, config, hooks, first)
  }

  get ring(): KeyRing {
    return this.#now.keys
  }

  /** Whether a token may read the metrics: one of role scraper, or an admin token. */
  readonly mayScrape = (token: string): boolean => isSecretOf(this.#now.scraperDigests, token)

  /** Looks for changes from now on, until `close`. */
  follow(): void {
    this.#timer = systemTimers.after(pollMs, () => {
      this.#look()
      this.follow()
    })
  }

  #look(): void {
    try {
      if (this.#settings.replaced()) return this.#failed(new Error(replacedMessage))
      if (this.#settings.version() !== this.#now.version) this.#renew()
      else this.#fault = null
    } catch (error) {
      // The next look is soon; nothing is worth ending the calls for.
      this.#failed(error)
    }
  }

  /** Once for each reason: settings that are damaged for a day fill no log. */
  #failed(error: unknown): void {
    const fault = String(error)
    if (fault === this.#fault) return
    this.#fault = fault
    this.#hooks.onError(error)
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
      const known = await readKnown(this.#settings, this.#config)
      this.#hooks.onStored(known.stored)
      this.#now = known
      this.#fault = null
    })
    this.#renewing = this.#renewing.catch((error: unknown) => this.#failed(error))
  }
}

export interface KeyHooks {
  readonly onError: (error: unknown) => void
  /** The keys of the settings, whenever they were read. */
  readonly onStored: (keys: readonly StoredKey[]) => void
}

interface Known extends Credentials {
  /** SHA-256 of the tokens that may read the metrics. */
  readonly scraperDigests: readonly string[]
}

async function readKnown(settings: Settings, config: Config): Promise<Known> {
  const credentials = await readCredentials(settings, config)
  const scrapers = await settings.tokenDigests('scraper')
  return { ...credentials, scraperDigests: [...credentials.adminDigests, ...scrapers] }
}
