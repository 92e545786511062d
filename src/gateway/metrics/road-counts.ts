import type { CallFacts } from '#core/ledger/entry.ts'
import { readRateLimits, tellsLimits } from '#providers/rate-limits.ts'
import type { Headers } from '#providers/wire-headers.ts'
import type { RefusalCode } from '../refusal.ts'
import { add, cellOf } from './call-cells.ts'
import { roadDefinitions as road } from './definitions.ts'
import { countsOf, type Family, familyOf, type Sample, sampleOf, singleOf } from './family.ts'
import type { LabelCaps } from './label-caps.ts'

/** A window of a provider is a minute, mostly: what it said longer ago says nothing of now. */
const freshMs = 5 * 60_000

/** Models come from callers: of so many is remembered what their providers allow. */
const mostRateLimits = 1_000

/** What a provider said last of a model. */
interface Told {
  call: CallFacts
  headers: Headers
  atMs: number
}

/** What the road sees and the ledger does not say. Plain numbers: the road only adds to them. */
export class RoadCounts {
  /** Refusals of calls that no entry of the ledger stands for, by their code. */
  readonly strangersRefused = new Map<RefusalCode, number>()
  /** Tries to set a field of attribution that the key does not leave to its callers. */
  attributionDenied = 0
  /** Clients that were not let in, since too many connections were open. */
  connectionsRefused = 0
  /** Costs metered elsewhere that were booked already. */
  externalReplays = 0
  readonly #inputs = new WeakMap<CallFacts, number>()
  /** By upstream, then by model: a text put together of the two would be made anew for every answer, and interned. */
  readonly #told = new Map<string, Map<string, Told>>()
  #toldModels = 0

  refusedStranger(code: RefusalCode): void {
    add(this.strangersRefused, code)
  }

  /** Remembers how many inputs a call asks for at once, until it is forgotten itself. */
  asks(call: CallFacts, inputs: number): void {
    if (inputs > 1) this.#inputs.set(call, inputs)
  }

  readonly inputsOf = (call: CallFacts): number => this.#inputs.get(call) ?? 1

  /** The head of a provider's answer. It is read when somebody scrapes: nearly all are followed by a newer one. */
  answered(call: CallFacts, headers: Headers, atMs: number): void {
    if (!tellsLimits(headers)) return
    const models = cellOf(this.#told, call.upstream, emptyMap)
    const known = models.get(call.modelRouted)
    if (known !== undefined) {
      known.call = call
      known.headers = headers
      known.atMs = atMs
    } else if (this.#toldModels < mostRateLimits) {
      this.#toldModels += 1
      models.set(call.modelRouted, { call, headers, atMs })
    }
  }

  families(caps: LabelCaps, nowMs: number): Family[] {
    return [
      countsOf(road.strangersRefused, this.strangersRefused),
      singleOf(road.attributionDenied, this.attributionDenied),
      singleOf(road.connectionsRefused, this.connectionsRefused),
      singleOf(road.externalReplays, this.externalReplays),
      countsOf(road.labelOverflow, caps.overflows),
      ...this.#rateLimits(caps, nowMs),
    ]
  }

  #rateLimits(caps: LabelCaps, nowMs: number): Family[] {
    const remaining = new Least()
    const ratios = new Least()
    for (const { call, headers } of this.#freshlyTold(nowMs)) {
      const model = caps.known('model', call.modelRouted)
      const limits = readRateLimits(headers)
      if (limits.requests !== null) {
        const labels = [caps.known('provider', call.vendor), model]
        remaining.take(sampleOf(road.rateLimitRemaining, labels, limits.requests.remaining))
      }
      for (const resource of ['requests', 'tokens'] as const) {
        const allowance = limits[resource]
        if (allowance === null || allowance.limit === null || allowance.limit === 0) continue
        const ratio = allowance.remaining / allowance.limit
        ratios.take(sampleOf(road.rateLimitRatio, [call.upstream, model, resource], ratio))
      }
    }
    return [familyOf(road.rateLimitRemaining, remaining.samples()), familyOf(road.rateLimitRatio, ratios.samples())]
  }

  /** Forgets what is older. */
  *#freshlyTold(nowMs: number): Generator<Told> {
    for (const models of this.#told.values()) {
      for (const [model, told] of models) {
        if (nowMs - told.atMs <= freshMs) yield told
        else if (models.delete(model)) this.#toldModels -= 1
      }
    }
  }
}

const emptyMap = (): Map<string, Told> => new Map()

/** Of samples with the same labels the least: two accounts of a vendor, or models beyond the cap. */
class Least {
  readonly #byLabels = new Map<string, Sample>()

  take(sample: Sample): void {
    const key = JSON.stringify(sample.labels)
    const before = this.#byLabels.get(key)
    if (before === undefined || sample.value < before.value) this.#byLabels.set(key, sample)
  }

  samples(): Sample[] {
    return [...this.#byLabels.values()]
  }
}
