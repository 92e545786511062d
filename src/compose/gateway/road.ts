import { hash } from 'node:crypto'
import { totalmem } from 'node:os'
import type { Config, ProviderConfig } from '#config/config.ts'
import type { KeyRing } from '#core/keys/ring.ts'
import { makePriceBook } from '#core/pricing/price-book.ts'
import type { PricedUpstream } from '#core/pricing/resolve.ts'
import { makeSystemIds, systemClock, systemTimers } from '#edge/system.ts'
import type { UpstreamPoolOptions } from '#edge/upstream.ts'
import { UpstreamSecret } from '#gateway/answer/hide-secret.ts'
import type { BudgetDesk } from '#gateway/budgets/desk.ts'
import { RunningCalls } from '#gateway/call-control.ts'
import { traceHeaders } from '#gateway/call-trace.ts'
import { HeldAnswers } from '#gateway/held-answers.ts'
import { HeldBodies } from '#gateway/held-bodies.ts'
import { BackgroundJobs } from '#gateway/jobs/background-jobs.ts'
import type { RoadCounts } from '#gateway/metrics/road-counts.ts'
import type { ClaimsVerifier, LargeRequestReader, Road, RoadUpstream, TokenEstimator } from '#gateway/road.ts'
import { globMatcher } from '#lib/glob.ts'
import type { Journal, Upstream } from '#ports.ts'
import { accentOf } from '#providers/answers/accents.ts'
import type { PriceCatalog } from '#providers/catalog/catalog.ts'
import { modelResolver } from '#providers/models.ts'
import { credentialHeaders } from '#providers/vendors.ts'
import { requestHeaderFilter } from '#providers/wire-headers.ts'
import { dataPath } from '#store/data-paths.ts'

/** What stays the same when a reload lays a new road. */
interface Ground {
  readonly journal: Journal
  readonly keys: () => KeyRing
  readonly catalog: PriceCatalog
  readonly estimator: TokenEstimator
  readonly largeRequests: LargeRequestReader
  readonly heldBodies: HeldBodies
  readonly heldAnswers: HeldAnswers
  readonly promptHashSecret: string
  readonly openPools: (options: readonly UpstreamPoolOptions[]) => readonly Upstream[]
  readonly budgets: BudgetDesk
  readonly running: RunningCalls
  readonly jobs: BackgroundJobs
  readonly counts: RoadCounts
  readonly onFault: (error: unknown) => void
}

type Given = Omit<Ground, 'running' | 'jobs' | 'heldBodies' | 'heldAnswers'> & { readonly jobs?: BackgroundJobs }

export function makeGround(parts: Given): Ground {
  const own = {
    running: new RunningCalls(),
    heldBodies: new HeldBodies(systemTimers),
    heldAnswers: new HeldAnswers(systemTimers),
  }
  return { jobs: new BackgroundJobs(), ...parts, ...own }
}

const ids = makeSystemIds()

/** The road of one configuration. @throws MoneyFault where a configured price cannot be read. */
export function layRoad(config: Config, ground: Ground, claims: ClaimsVerifier | null): Road {
  const {
    catalog,
    journal,
    keys,
    estimator,
    largeRequests,
    heldBodies,
    heldAnswers,
    budgets,
    running,
    jobs,
    counts,
    onFault,
  } = ground
  heldBodies.configure(config.limits.heldRequestsBytes ?? memoryBytes() / heldShare)
  heldAnswers.configure(config.limits.heldAnswersBytes ?? memoryBytes() / heldShare)
  const doors = ground.openPools(config.providers.map((provider) => poolOptions(provider, config.dataDir)))
  const upstreams = new Map<string, RoadUpstream>()
  config.providers.forEach((provider, index) => {
    const door = doors[index]
    if (door !== undefined) upstreams.set(provider.name, roadUpstream(provider, door))
  })
  const knownModels = catalog.vendors.flatMap((vendor) => catalog.modelIds(vendor).map((name) => ({ name, vendor })))
  return {
    clock: systemClock,
    timers: systemTimers,
    ids,
    journal,
    keys,
    claims,
    models: modelResolver({ aliases: config.aliases, providers: config.providers, knownModels }),
    upstreams,
    prices: makePriceBook({
      matcher: globMatcher,
      catalog,
      overrides: config.prices,
      upstreams: [...config.providers, ...pricedSources(config)],
      exchangeRates: config.exchangeRates,
      costSource: config.costSource,
    }),
    estimator,
    largeRequests,
    heldBodies,
    heldAnswers,
    unpriced: config.unpriced,
    requestBodyBytes: config.limits.requestBodyBytes,
    answerBodyBytes: config.limits.answerBodyBytes,
    readOn: config.limits,
    requestHeaders: requestHeaderFilter(ownHeaders(config)),
    hashPrompt: promptHasher(ground.promptHashSecret),
    tracing: config.telemetry,
    budgets,
    running,
    jobs,
    counts,
    onFault,
  }
}

/** A body that is changed on its way is held twice, and one that is just being read takes more. */
const heldShare = 8

/** Of this machine, or what a container may have of it. */
function memoryBytes(): number {
  const allowed = process.constrainedMemory()
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
}

/** What a caller says that does not go upstream as it is. */
function ownHeaders({ jwt, telemetry }: Config): string[] {
  return [...(jwt === null ? [] : [jwt.header]), ...(telemetry === null ? [] : traceHeaders)]
}

/** Sources of usage metered elsewhere have prices as relays do; one that bears a provider's name has the provider's. */
function pricedSources({ incoming, providers }: Config): PricedUpstream[] {
  const billing = { currency: 'USD', discounts: [] }
  return incoming
    .filter(({ source }) => !providers.some(({ name }) => name === source))
    .map(({ source }) => ({ name: source, kind: 'openai-compatible', baseUrl: null, billing }))
}

function roadUpstream(config: ProviderConfig, door: Upstream): RoadUpstream {
  const basePath = config.baseUrl === null ? '' : new URL(config.baseUrl).pathname.replace(/\/+$/, '')
  const { kind, apiKey } = config
  const credentials = {
    openai: credentialHeaders(kind, 'openai', apiKey),
    anthropic: credentialHeaders(kind, 'anthropic', apiKey),
    google: credentialHeaders(kind, 'google', apiKey),
  }
  return { config, door, basePath, credentials, secret: new UpstreamSecret(apiKey), accent: accentOf(config) }
}

function poolOptions(provider: ProviderConfig, dataDir: string): UpstreamPoolOptions {
  const { baseUrl, timeoutMs, maxConnections } = provider
  return {
    origin: baseUrl === null ? 'http://simulator' : new URL(baseUrl).origin,
    socketPath: baseUrl === null ? dataPath(dataDir, 'simulatorSocket') : null,
    maxConnections,
    connectTimeoutMs: timeoutMs.connect,
    firstByteTimeoutMs: timeoutMs.firstByte,
    idleTimeoutMs: timeoutMs.idle,
  }
}

/** Bodies up to this size are hashed in memory that is kept; nearly all are smaller. */
const keptHashBytes = 64 * 1024

/**
 * Equal bodies have equal hashes within an instance, and nobody without its secret can test a guess. One call of
 * SHA-256 over secret and body: half of the digest is given away, so that nothing can be appended to it unseen.
 */
function promptHasher(secret: string): (body: Buffer) => string {
  const kept = Buffer.allocUnsafeSlow(keptHashBytes)
  const prefixBytes = kept.write(secret)
  return (body) => {
    const end = prefixBytes + body.length
    if (end > keptHashBytes)
      return hash('sha256', Buffer.concat([kept.subarray(0, prefixBytes), body]), 'hex').slice(0, 32)
    body.copy(kept, prefixBytes)
    return hash('sha256', kept.subarray(0, end), 'hex').slice(0, 32)
  }
}
