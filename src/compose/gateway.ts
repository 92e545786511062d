import { hash, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { createKeyRing, type KeyRing } from '#core/keys/ring.ts'
import { createConsoleProxy } from '#edge/console-proxy.ts'
import { startServer } from '#edge/server.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { TokenCounter } from '#edge/token-counter.ts'
import { UpstreamPools } from '#edge/upstream-pools.ts'
import { createGateway } from '#gateway/gateway.ts'
import { settleInterrupted } from '#gateway/interrupted.ts'
import type { ClaimsVerifier } from '#gateway/road.ts'
import { globMatcher } from '#lib/glob.ts'
import type { Settings } from '#ports.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openSettings, settingsFile } from '#store/settings/open.ts'
import { layRoad, makeGround } from './road.ts'
import type { RoleHooks, RunningRole } from './role.ts'
import { version } from './version.ts'

/** How soon a key that was made or revoked elsewhere counts here. */
const settingsPollMs = 1_000

/** Starts the gateway: the journal first, so that what the last run left open is settled before anything new comes. */
export async function composeGateway(config: Config, { log, onReady }: RoleHooks): Promise<RunningRole> {
  const [settings, catalog, opened] = await Promise.all([
    openSettings({ path: join(config.dataDir, settingsFile), clock: systemClock }),
    openCatalog(),
    openJournal({ ...config.journal, dir: join(config.dataDir, 'journal'), clock: systemClock, timers: systemTimers }),
  ])
  const { journal, recovered } = opened
  const keys = await KeyWatch.open(settings, config, (error) => log.error({ err: error }, 'the keys cannot be read'))
  const pools = new UpstreamPools(systemTimers)
  const estimator = new TokenCounter(systemTimers)
  const ground = makeGround({
    journal,
    keys: () => keys.ring,
    catalog,
    estimator,
    promptHashSecret: (await settings.instance()).promptHashSecret,
    openPools: (options) => pools.use(options),
    onFault: (error) => log.error({ err: error }, 'a call failed for a fault of the gateway'),
  })
  const road = layRoad(config, ground, await claimsVerifier(config))
  for (const open of recovered.opens) {
    await journal.append(settleInterrupted(open, road.prices, systemClock.wallMs()))
  }
  if (recovered.opens.length > 0) log.warn(`${recovered.opens.length} calls of the last run were booked as interrupted`)
  if (recovered.tornBytes > 0) log.warn(`${recovered.tornBytes} bytes of a last write that was cut short were set aside`)

  const handOff = createConsoleProxy(join(config.dataDir, 'run', 'console.sock'))
  const gateway = createGateway({ road, handOff, version })
  const server = await startServer({ ...config.listen, onExchange: gateway.take })
  keys.follow()
  onReady(`http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`)

  let drainMs = config.drainMs
  return {
    apply(next) {
      keys.configure(next)
      drainMs = next.drainMs
      claimsVerifier(next).then(
        (claims) => gateway.layRoad(layRoad(next, ground, claims)),
        (error: unknown) => log.error({ err: error }, 'the new configuration cannot be used; the old one stays'),
      )
    },
    async stop() {
      const closed = server.close()
      await gateway.drain(drainMs)
      await journal.close()
      server.destroy()
      await closed
      keys.close()
      await Promise.all([pools.destroy(), estimator.close(), settings.close()])
    },
  }
}

async function claimsVerifier({ jwt }: Config): Promise<ClaimsVerifier | null> {
  // jose is loaded only where it is needed: it costs the start 20 ms.
  return jwt === null ? null : (await import('#edge/jwt.ts')).createJwtVerifier(jwt)
}

/** The keys of configuration and settings together, renewed when either changes. */
class KeyWatch {
  ring: KeyRing
  readonly #settings: Settings
  readonly #onError: (error: unknown) => void
  #config: Config
  #version: number
  #timer: { cancel(): void } | null = null

  private constructor(settings: Settings, config: Config, onError: (error: unknown) => void, ring: KeyRing) {
    this.#settings = settings
    this.#config = config
    this.#onError = onError
    this.ring = ring
    this.#version = settings.version()
  }

  static async open(settings: Settings, config: Config, onError: (error: unknown) => void): Promise<KeyWatch> {
    return new KeyWatch(settings, config, onError, await ringOf(settings, config))
  }

  follow(): void {
    this.#timer = systemTimers.after(settingsPollMs, () => {
      this.#look()
        .catch(this.#onError)
        .finally(() => {
          if (this.#timer !== null) this.follow()
        })
    })
  }

  configure(config: Config): void {
    this.#config = config
    this.#renew().catch(this.#onError)
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  async #look(): Promise<void> {
    const version = this.#settings.version()
    if (version === this.#version) return
    await this.#renew()
    this.#version = version
  }

  async #renew(): Promise<void> {
    this.ring = await ringOf(this.#settings, this.#config)
  }
}

async function ringOf(settings: Settings, config: Config): Promise<KeyRing> {
  return createKeyRing({
    fromConfig: config.keys,
    stored: await settings.keys(),
    digest: (secret) => hash('sha256', secret),
    sameDigest: (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b)),
    matcher: globMatcher,
  })
}
