import type { ProviderConfig } from '#config/config.ts'
import { ChurnMap } from '#lib/churn-map.ts'
import { closest } from '#lib/closest.ts'
import { globMatcher, isLiteral, type NameMatcher } from '#lib/glob.ts'
import type { EndpointMatch } from './endpoints.ts'
import { vendorOfModelName, vendors, whyUnsupported } from './vendors.ts'

type ModelRoute =
  | {
      readonly kind: 'routed'
      readonly upstream: ProviderConfig
      /** What the provider is asked for; empty where the call names no model. */
      readonly model: string
      /** Who makes the model, as the price catalog names it. */
      readonly vendor: string
    }
  /** Best match first, at most five. */
  | { readonly kind: 'unknown'; readonly closeMatches: readonly string[] }
  /** Some provider has the model but cannot serve this call; the message says what to do. */
  | { readonly kind: 'unsupported'; readonly message: string }

export interface KnownModel {
  readonly name: string
  /** As the price catalog names it. */
  readonly vendor: string
}

export interface ModelDirectory {
  readonly aliases: readonly { readonly name: string; readonly target: string }[]
  /** In configuration order: the first that can serve a call gets it. */
  readonly providers: readonly ProviderConfig[]
  /** The names of the price catalog. */
  readonly knownModels: readonly KnownModel[]
}

/** Finds the provider and the name for a requested model. Made once per configuration; remembers its answers. */
export interface ModelResolver {
  /** `requested` is null where the call names no model: then the first provider that serves such calls gets it. */
  resolve(requested: string | null, match: EndpointMatch): ModelRoute
  /** Names served here that a name may have been meant for, best first, at most five; none where it is one of them. */
  meant(name: string): readonly string[]
}

/** Callers choose the names that are asked for, so what is remembered of them is bounded. In names. */
const mostRemembered = 5_000
const mostCloseMatches = 5
/** Longer names are nobody's; comparing them costs. */
const longestName = 200
const mostAliasSteps = 4

/** The vendors whose spelling of their own models is known: `knownModels` should hold their names. */
const makers: ReadonlySet<string> = new Set(['openai', 'anthropic', 'google', 'deepseek'])

/** Where a name leads to when it is asked for at one endpoint. */
interface Remembered extends Pick<EndpointMatch, 'endpoint' | 'dialect'> {
  readonly route: ModelRoute
}

interface Seat {
  readonly provider: ProviderConfig
  readonly serves: NameMatcher
  /** Folded name → the one spelling it can mean here; null where it could mean several. */
  readonly spellings: ReadonlyMap<string, string | null>
  readonly exact: ReadonlySet<string>
  /** Names as the configuration writes them out, folded → written. */
  readonly literals: ReadonlyMap<string, string>
}

export function modelResolver(directory: ModelDirectory): ModelResolver {
  const seats = directory.providers.map((provider) => seatOf(provider, directory.knownModels))
  const aliases = new Map(directory.aliases.map(({ name, target }) => [name, target]))
  const foldedAliases = new Map(directory.aliases.map(({ name, target }) => [fold(name), target]))
  const vendorByName = new Map(directory.knownModels.map(({ name, vendor }) => [name, vendor]))
  const remembered = new ChurnMap<string, Remembered[]>()
  let served: readonly string[] | null = null

  const targetOf = (name: string): string => {
    let current = name
    for (let step = 0; step < mostAliasSteps; step += 1) {
      const target = aliases.get(current) ?? foldedAliases.get(fold(current))
      if (target === undefined || target === current) break
      current = target
    }
    return current
  }

  const find = (requested: string | null, match: EndpointMatch): ModelRoute => {
    const wanted = requested === null ? null : targetOf(withoutCollection(requested))
    let reason: string | null = null
    for (const seat of seats) {
      const model = wanted === null ? '' : nameAt(seat, wanted)
      if (model === null) continue
      const why = whyUnsupported(seat.provider.kind, match)
      if (why === null) {
        return { kind: 'routed', upstream: seat.provider, model, vendor: vendorOf(seat.provider, model, vendorByName) }
      }
      reason ??= wanted === null ? why : `${shortened(wanted)}: ${why}`
    }
    if (reason !== null) return { kind: 'unsupported', message: reason }
    if (wanted === null) return { kind: 'unsupported', message: 'no provider is configured' }
    return { kind: 'unknown', closeMatches: closeMatches(wanted, namesServed()) }
  }

  const namesServed = (): readonly string[] => {
    served ??= servedNames(seats, directory)
    return served
  }

  const remember = (asked: string, one: Remembered): void => {
    const others = remembered.get(asked)
    if (others !== undefined) {
      others.push(one)
      return
    }
    // The oldest goes: names in use come back at once, invented ones do not.
    const oldest = remembered.size < mostRemembered ? undefined : remembered.firstKey()
    if (oldest !== undefined) remembered.delete(oldest)
    remembered.set(asked, [one])
  }

  return {
    meant: (name) => (namesServed().includes(name) ? [] : closeMatches(name, namesServed())),
    resolve(requested, match) {
      const asked = requested ?? ''
      const known = routeFor(match, remembered.get(asked) ?? nothingRemembered)
      if (known !== null) return known
      const route = find(asked === '' ? null : asked, match)
      if (asked.length <= longestName) remember(asked, { endpoint: match.endpoint, dialect: match.dialect, route })
      return route
    },
  }
}

const nothingRemembered: readonly Remembered[] = []

function routeFor({ endpoint, dialect }: EndpointMatch, known: readonly Remembered[]): ModelRoute | null {
  for (const one of known) if (one.endpoint === endpoint && one.dialect === dialect) return one.route
  return null
}

function seatOf(provider: ProviderConfig, knownModels: readonly KnownModel[]): Seat {
  const own = vendors[provider.kind].catalogVendor
  const names = knownModels.filter(({ vendor }) => (own === null ? makers.has(vendor) : vendor === own))
  const spellings = new Map<string, string | null>()
  for (const { name } of names) {
    const folded = fold(name)
    const other = spellings.get(folded)
    spellings.set(folded, other === undefined || other === name ? name : null)
  }
  return {
    provider,
    serves: globMatcher(provider.models),
    spellings,
    exact: new Set(names.map(({ name }) => name)),
    literals: new Map(provider.models.filter(isLiteral).map((name) => [fold(name), name])),
  }
}

/** How this provider spells the model, or null where it does not serve it. */
function nameAt(seat: Seat, wanted: string): string | null {
  const spelled = spelling(seat, wanted)
  if (seat.serves(spelled)) return spelled
  return seat.serves(wanted) ? wanted : null
}

/**
 * A vendor's own names are known, so that capitals and mixed-up dots, dashes and underscores mean one of them or
 * nothing. A relay spells as it likes (`Qwen/Qwen3-32B`, `claude-sonnet-4.5`): there only what no relay would write is
 * put right, capitals and underscores in the name of a model that everybody spells in lower case.
 */
function spelling(seat: Seat, wanted: string): string {
  const folded = fold(wanted)
  const literal = seat.literals.get(folded)
  if (literal !== undefined) return literal
  if (seat.exact.has(wanted)) return wanted
  const isRelay = seat.provider.kind === 'openai-compatible'
  if (isRelay && (wanted.includes('/') || !/[A-Z_]/.test(wanted))) return wanted
  const known = seat.spellings.get(folded)
  if (known !== undefined && known !== null) return known
  // Catalogs list a model once for all its snapshots.
  const snapshot = snapshotSuffix.exec(folded)
  const base = snapshot === null ? null : seat.spellings.get(folded.slice(0, snapshot.index))
  return typeof base === 'string' && snapshot !== null ? base + snapshot[0] : wanted
}

const snapshotSuffix = /-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$/

function vendorOf(provider: ProviderConfig, model: string, vendorByName: ReadonlyMap<string, string>): string {
  const own = vendors[provider.kind].catalogVendor
  // By the habit first: the catalog lists a model under each of its resellers too.
  return own ?? vendorOfModelName(model) ?? vendorByName.get(model) ?? provider.kind
}

/** The names that some provider here would serve: what a caller may have meant. */
function servedNames(seats: readonly Seat[], { aliases, knownModels }: ModelDirectory): readonly string[] {
  const names = new Set(aliases.map(({ name }) => name))
  for (const seat of seats) for (const name of seat.literals.values()) names.add(name)
  for (const { name } of knownModels) if (seats.some((seat) => seat.serves(name))) names.add(name)
  return [...names]
}

function closeMatches(wanted: string, names: readonly string[]): string[] {
  if (wanted.length > longestName) return []
  const others = names.filter((name) => name !== wanted)
  return closest(wanted, others, { most: mostCloseMatches, form: fold })
}

/** What spellings of one name have in common: `GPT_4.1`, `gpt-4-1`, `gpt 4.1` are the same. */
function fold(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s._-]+/g, '-')
}

/** Gemini's names may be written as resources. */
function withoutCollection(name: string): string {
  return name.startsWith('models/') ? name.slice('models/'.length) : name
}

function shortened(name: string): string {
  return name.length > longestName ? `${name.slice(0, longestName)}…` : name
}
