import { metadataFields } from '#core/attribution/metadata.ts'
import type { VirtualKey } from '#core/keys/key.ts'
import { bounded, longestModel } from '#core/ledger/entry-bounds.ts'
import type { ClientExchange, UpstreamRequest } from '#ports.ts'
import { modelLookedAt } from '#providers/endpoints.ts'
import { upstreamQuery } from '#providers/query.ts'
import { editRequest, type OutputLimitChange } from '#providers/requests/edit-request.ts'
import { addedOutputLimit, outputLimitFields } from '#providers/requests/output-limit.ts'
import { faultOfForm, googleQuery } from '#providers/system-parameters.ts'
import { isGoogles, upstreamPath } from '#providers/vendors.ts'
import { type Refusal, refused } from '../refusal.ts'
import type { Road, RoadUpstream } from '../road.ts'
import type { Caller } from './admit.ts'
import type { Arrival } from './arrival.ts'
import type { Ask } from './ask.ts'

/** Where the call goes, and as what. */
export interface Route {
  readonly kind: 'route'
  readonly upstream: RoadUpstream
  /** What the upstream is asked for; empty where the call is about no model. */
  readonly model: string
  /** Whose model it is, as the price catalog names them. */
  readonly vendor: string
  readonly request: UpstreamRequest
  /** The gateway asked for a usage chunk that the caller did not ask for. */
  readonly askedForUsage: boolean
}

const noMetadata: readonly string[] = []
const ourMetadata: readonly string[] = [...metadataFields]

/** Which provider serves the call, whether the key may use the model, and what the provider is sent. */
export function chooseRoute(road: Road, arrival: Arrival, caller: Caller, ask: Ask): Route | Refusal {
  const { match } = arrival
  const requested = ask.facts.model
  const found = road.models.resolve(requested, match)
  if (found.kind === 'unknown') return refused('model_not_found', unknownModel(requested, found.closeMatches), 'model')
  if (found.kind === 'unsupported') return refused('unsupported_endpoint', found.message, 'model')
  const upstream = road.upstreams.get(found.upstream.name)
  if (upstream === undefined) throw new Error(`no upstream named ${found.upstream.name}`)
  const { model, vendor } = found
  const turned = mayUse(road, arrival, caller, { requested, model, vendor, provider: found.upstream.name })
  if (turned !== null) return turned
  const beside = mayUseBeside(caller, ask)
  if (beside !== null) return beside
  const fault = faultOfForm(arrival.exchange, isGoogles(found.upstream.kind, match))
  if (fault !== null) return refused(fault.code, fault.message, fault.param)
  return routeTo(road, arrival, ask, { upstream, model, vendor })
}

interface Choice {
  readonly requested: string | null
  readonly model: string
  readonly vendor: string
  readonly provider: string
}

function mayUse(road: Road, arrival: Arrival, { key }: Caller, choice: Choice): Refusal | null {
  const { requested, model, vendor, provider } = choice
  const { match, startedAtMs } = arrival
  if (requested === null) return key.allowsModel('*') ? null : mayUseUnnamed(arrival, key)
  if (!key.allowsModel(model) && !key.allowsModel(requested)) {
    return modelNotAllowed(key, requested)
  }
  if (road.unpriced === 'block' && match.metered) {
    if (road.prices.known({ upstream: provider, vendor, model, atMs: startedAtMs })) return null
    const advice = 'Whoever runs Tollgate can add a price under "prices", or set "unpriced: allow".'
    return refused(
      'model_not_priced',
      `There is no price for the model "${model}" of "${provider}". ${advice}`,
      'model',
    )
  }
  return null
}

/** What a key for some models only may do that is not said to be for one of them. */
function mayUseUnnamed({ match, exchange }: Arrival, key: VirtualKey): Refusal | null {
  const narrow = `The key "${key.name}" is for some models only, so`
  // A batch names its models in a file: the key cannot be held to them there.
  const batch = match.body !== 'none' && (match.endpoint === 'batches' || match.endpoint === 'messages.batches')
  if (batch) return refused('endpoint_not_allowed', `${narrow} it cannot start batches.`)
  const looked = modelLookedAt(match)
  if (looked !== null && exchange.method === 'DELETE') {
    return refused('endpoint_not_allowed', `${narrow} it cannot delete any.`)
  }
  if (looked !== null && !key.allowsModel(looked)) return modelNotAllowed(key, looked)
  // The provider would choose: a usual one, or what a stored prompt names. Moderations are free, whatever does them.
  return match.metered && match.endpoint !== 'moderations'
    ? refused('model_not_allowed', `${narrow} the request has to name its model.`, 'model')
    : null
}

function modelNotAllowed(key: VirtualKey, model: string): Refusal {
  return refused(
    'model_not_allowed',
    `The key "${key.name}" may not use the model "${bounded(model, longestModel)}".`,
    'model',
  )
}

/** The same of the models that may answer, or be called on the way, beside the one asked for. */
function mayUseBeside({ key }: Caller, { facts: { otherModels } }: Ask): Refusal | null {
  if (otherModels.length === 0 || key.allowsModel('*')) return null
  for (const { name, path: member } of otherModels) {
    const path = bounded(member, longestModel)
    if (name === null) {
      const message = `The key "${key.name}" is for some models only, and "${path}" has the provider choose one.`
      return refused('model_not_allowed', message, path)
    }
    if (!key.allowsModel(name)) {
      const message = `The key "${key.name}" may not use the model "${bounded(name, longestModel)}" that "${path}" names.`
      return refused('model_not_allowed', message, path)
    }
  }
  return null
}

/** The same way, with a lower limit of output; null where the body has no place for one. */
export function limitedRoute(road: Road, arrival: Arrival, ask: Ask, route: Route, tokens: number): Route | null {
  const added = addedOutputLimit(route.upstream.config.kind, arrival.match)
  if (added === null || ask.body === null || ask.facts.boundary !== null) return null
  const fields = outputLimitFields(arrival.match)
  return routeTo(road, arrival, ask, { ...route, outputLimit: { tokens, fields, added } })
}

/** The way to a model that somebody else than the caller has chosen: what the key allows is not asked. */
export function routeToModel(road: Road, arrival: Arrival, ask: Ask, wanted: string): Route | null {
  const found = road.models.resolve(wanted, arrival.match)
  if (found.kind === 'unknown' || found.kind === 'unsupported') return null
  const upstream = road.upstreams.get(found.upstream.name)
  if (upstream === undefined) return null
  const { model, vendor } = found
  const price = { upstream: upstream.config.name, vendor, model, atMs: arrival.startedAtMs }
  if (road.unpriced === 'block' && arrival.match.metered && !road.prices.known(price)) return null
  return routeTo(road, arrival, ask, { upstream, model, vendor })
}

interface Destination extends Pick<Route, 'upstream' | 'model' | 'vendor'> {
  /** Absent = as the caller wrote it. */
  readonly outputLimit?: OutputLimitChange
}

function routeTo(
  road: Road,
  { exchange, match, trace }: Arrival,
  { body, facts }: Ask,
  { upstream, model, vendor, outputLimit }: Destination,
): Route {
  const { accent, config, basePath, credentials } = upstream
  const mayAsk = config.askStreamUsage && accent.reportsUnasked !== true
  const askForUsage = mayAsk && facts.stream && facts.includeUsage === 'not_asked'
  const stripMetadata = config.keepMetadata ? noMetadata : ourMetadata
  const edited =
    body === null || body.length === 0
      ? body
      : editRequest(body, facts, { model: model === '' ? undefined : model, outputLimit, stripMetadata, askForUsage })
  const credential = credentials[match.dialect]
  const added = edited === null ? [...declaredLength(exchange), ...credential] : credential
  const query = isGoogles(config.kind, match) ? googleQuery(exchange.query) : upstreamQuery(exchange.query)
  const request: UpstreamRequest = {
    method: exchange.method,
    path: upstreamPath(config.kind, basePath, match, model) + query,
    headers: road.requestHeaders(exchange.rawHeaders, trace === null ? added : [...added, ...trace.headers]),
    body: edited === null ? exchange.bodyStream() : edited.length === 0 ? null : edited,
  }
  return { kind: 'route', upstream, model, vendor, request, askedForUsage: askForUsage }
}

/** Of an upload, as its sender has it: not everybody takes one of which nobody says how long it will be. */
function declaredLength({ headers }: ClientExchange): readonly string[] {
  const length = headers['content-length']
  return typeof length === 'string' ? ['content-length', length] : []
}

/** For the developer who misspelt it. */
export function unknownModel(requested: string | null, closeMatches: readonly string[]): string {
  const meant = closeMatches.length === 0 ? '' : ` Did you mean ${closeMatches.map((name) => `"${name}"`).join(', ')}?`
  return `No provider here serves the model "${bounded(requested ?? '', longestModel)}".${meant}`
}
