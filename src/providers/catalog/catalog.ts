import { type ModelInfo, type Provider, waitForUpdate } from '@pydantic/genai-prices'
import { type Catalog, type CatalogModel, type CatalogQuery, freeCard } from '#core/pricing/catalog.ts'
import { convertModel } from './convert.ts'
import { nameMatches, withDashedDate } from './match.ts'
import { withSearchFee } from './search-fees.ts'
import { placeOfAddress, tierOf } from './tier-factors.ts'

/** Package and version, as price versions name them; a test pins it to the installed package. */
export const catalogVersion = 'genai-prices@0.1.8'

/** The bundled price list, and what can be asked of it besides prices. */
export interface PriceCatalog extends Catalog {
  /** The ids of the models that the vendor lists, deprecated ones included; empty for an unknown vendor. */
  modelIds(vendor: string): readonly string[]
  /** Who makes a model, judged by its name alone (`claude…` → anthropic); null where nothing is typical about it. */
  vendorOfModel(model: string): string | null
  readonly vendors: readonly string[]
}

/**
 * Opens the price list of `@pydantic/genai-prices`: its data and its way of matching names; none of its arithmetic,
 * which is floating point. Nothing is fetched. Models are converted when they are first asked for.
 */
export async function openCatalog(): Promise<PriceCatalog> {
  const providers = (await waitForUpdate()) ?? []
  const byId = new Map(providers.map((provider) => [provider.id, provider]))
  const converted = new Map<ModelInfo, CatalogModel>()

  const find = (query: CatalogQuery): CatalogModel | null =>
    freeVariant(query) ?? searching(convert(findModel(query, { providers, byId })), query)

  const searching = (found: CatalogModel | null, { model }: CatalogQuery): CatalogModel | null =>
    found === null ? null : withSearchFee(found, bareName(model))

  const convert = (found: FoundModel | null): CatalogModel | null => {
    if (found === null) return null
    const known = converted.get(found.model)
    if (known !== undefined) return known
    const made = convertModel(found.provider.id, found.model)
    converted.set(found.model, made)
    return made
  }

  return {
    version: catalogVersion,
    vendors: providers.map((provider) => provider.id),
    find,
    tierOf,
    vendorOfUpstream: (kind, baseUrl) => vendorOfUpstream(providers, kind, baseUrl),
    placeOfUpstream: placeOfAddress,
    modelIds: (vendor) => byId.get(vendor)?.models.map((model) => model.id) ?? [],
    vendorOfModel: (model) => vendorOfModel(providers, bareName(model))?.id ?? null,
  }
}

/** OpenRouter gives every `:free` variant away, listed or not: https://openrouter.ai/docs/guides/routing/model-variants/free */
function freeVariant({ upstreamVendor, model }: CatalogQuery): CatalogModel | null {
  if (upstreamVendor !== 'openrouter' || !model.toLowerCase().trim().endsWith(':free')) return null
  const cards = [{ condition: { kind: 'always' }, card: freeCard }] as const
  return { vendor: 'openrouter', id: model, cards, tierFactors: {}, geoFactors: null, minimumUnits: {} }
}

interface Lists {
  readonly providers: readonly Provider[]
  readonly byId: ReadonlyMap<string, Provider>
}

interface FoundModel {
  readonly provider: Provider
  readonly model: ModelInfo
}

/**
 * Where a price is looked for, first hit wins:
 * 1. the upstream's own list, where the catalog has one for its address (OpenRouter, Groq, Azure, …), with the lists
 *    that it falls back to;
 * 2. the list of the vendor that the call names;
 * 3. for `maker/model` names, the list of that maker (its name, or a name typical of it);
 * 4. the list of whoever typically makes a model of this name.
 * From the second step on the name is taken without its prefix (`models/…`, `publishers/google/models/…`, `maker/…`),
 * because makers list bare names while relays list whole ones.
 */
function findModel(query: CatalogQuery, lists: Lists): FoundModel | null {
  const name = query.model.toLowerCase().trim()
  const bare = bareName(name)
  const names = bare === name ? [name] : [name, bare]
  const slash = name.indexOf('/')
  const maker = slash > 0 ? vendorNamed(lists.providers, name.slice(0, slash)) : undefined
  const own = query.upstreamVendor === null ? undefined : lists.byId.get(query.upstreamVendor)
  const tried = new Set<string>()
  for (const provider of [own, lists.byId.get(query.vendor), maker, vendorOfModel(lists.providers, bare)]) {
    if (provider === undefined || tried.has(provider.id)) continue
    tried.add(provider.id)
    for (const candidate of names) {
      const found = inList(provider, candidate, lists)
      if (found !== null) return found
    }
  }
  return null
}

function inList(provider: Provider, name: string, lists: Lists): FoundModel | null {
  for (const spelling of new Set([name, withDashedDate(name)])) {
    const model = provider.models.find((candidate) => nameMatches(candidate.match, spelling))
    if (model !== undefined) return { provider, model }
    for (const id of provider.fallback_model_providers ?? []) {
      const fallback = lists.byId.get(id)
      const found = fallback?.models.find((candidate) => nameMatches(candidate.match, spelling))
      if (fallback !== undefined && found !== undefined) return { provider: fallback, model: found }
    }
  }
  return null
}

function bareName(name: string): string {
  return name
    .slice(name.lastIndexOf('/') + 1)
    .toLowerCase()
    .trim()
}

function vendorNamed(providers: readonly Provider[], name: string): Provider | undefined {
  return (
    providers.find((provider) => provider.id === name) ??
    providers.find((provider) => provider.provider_match !== undefined && nameMatches(provider.provider_match, name))
  )
}

function vendorOfModel(providers: readonly Provider[], bare: string): Provider | undefined {
  return providers.find((provider) => provider.model_match !== undefined && nameMatches(provider.model_match, bare))
}

/** The address says more than the kind: an `openai` upstream at an Azure address is billed by Azure. */
function vendorOfUpstream(providers: readonly Provider[], kind: string, baseUrl: string | null): string | null {
  const byAddress =
    baseUrl === null ? undefined : providers.find((p) => new RegExp(`^(?:${p.api_pattern})`).test(baseUrl))
  return byAddress?.id ?? providers.find((provider) => provider.id === kind)?.id ?? null
}
