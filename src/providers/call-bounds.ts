import type { CallBounds } from '#core/pricing/bound.ts'
import type { TierWords } from '#core/pricing/catalog.ts'
import type { UnitName } from '#core/usage/units.ts'
import type { EndpointMatch } from './endpoints.ts'
import {
  knowsLimits,
  mostContextTokens,
  mostOutputTokens,
  mostPictureTokens,
  mostPromptTokens,
  thinksUnseen,
  usesToolsUnasked,
} from './model-limits.ts'
import type { RequestFacts } from './requests/facts.ts'
import type { RequestReach } from './requests/reach.ts'

export interface CallToBound {
  readonly match: Pick<EndpointMatch, 'dialect' | 'endpoint'>
  readonly facts: Pick<RequestFacts, 'outputLimitTokens'>
  readonly reach: RequestReach
  /** Name of the provider. */
  readonly upstream: string
  readonly vendor: string
  /** As routed. */
  readonly model: string
  readonly atMs: number
}

export interface CallReach {
  readonly bounds: CallBounds
  /** The most output tokens of one answer, by the request's limit or the model's; null = nobody says. */
  readonly answerTokens: number | null
  readonly answers: number
  /** What one pass may use, and the request itself asks for: no less is assumed of a call that nobody bounds. */
  readonly least: { readonly inputTokens: number; readonly outputTokens: number }
  /** How often the limit of one answer's output may be reached: by each answer, in each pass where those are bounded. */
  readonly outputs: number
  /** What a provider puts around the text of the request, in tokens. */
  readonly aroundTokens: number
  /** Nothing is known of the model, and its limits are part of the bounds: they are no more than likely. */
  readonly guessed: boolean
  /** Output that a stream does not show may be billed: all of it has to be held from the start. */
  readonly hiddenOutput: boolean
}

/**
 * The most that a call can use, from its request and what is known of its model. Cheap: nothing is tokenized. Text makes
 * at most as many tokens as it has bytes; what else is in the input is bounded by parts, or by the context window.
 */
export function callBounds(call: CallToBound): CallReach {
  const first = boundsOfModel(call)
  const { fallbacks } = call.reach
  if (fallbacks.length === 0) return first
  const after: CallBounds[] = []
  let { guessed } = first
  // An answer names one speed for all models that had a part in it.
  const tiers = [call.reach, ...fallbacks].flatMap(({ speed }) => tiersOf({ ...call.reach, speed }))
  // What one model wrote before it declined, the next one reads as well.
  let written = first.bounds.outputTokens
  for (const { model, outputLimitTokens } of fallbacks) {
    const facts = { outputLimitTokens: outputLimitTokens ?? call.facts.outputLimitTokens }
    const own = boundsOfModel({ ...call, facts, model })
    const { inputTokens, outputTokens } = own.bounds
    after.push({ ...own.bounds, tiers, inputTokens: plus(inputTokens, written) })
    written = plus(written, outputTokens)
    guessed ||= own.guessed
  }
  return { ...first, guessed, hiddenOutput: true, bounds: { ...first.bounds, tiers, after } }
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}

function boundsOfModel({ match, facts, reach, upstream, vendor, model, atMs }: CallToBound): CallReach {
  const answerTokens = answerTokensOf(match, facts, model)
  const { answers } = reach
  const passes = usesToolsUnasked(model) ? null : reach.passes
  const aroundTokens = aroundTokensOf(match, reach, model)
  const asked = facts.outputLimitTokens === null ? 0 : (answerTokens ?? 0)
  const onePass = firstPassTokens(match, reach, { model, aroundTokens })
  return {
    least: { inputTokens: onePass, outputTokens: asked * answers },
    answerTokens,
    answers,
    outputs: answers * (passes ?? 1),
    aroundTokens,
    guessed: isGuessed(match, facts, reach) && !knowsLimits(model),
    hiddenOutput: reach.hiddenOutput || reach.serverTools.length > 0 || passes === null || thinksUnseen(model),
    bounds: {
      upstream,
      vendor,
      modelRouted: model,
      endpoint: match.endpoint,
      atMs,
      inputTokens: passes === null ? null : inputTokens(passes, onePass, model),
      outputTokens: answerTokens === null || passes === null ? null : answerTokens * answers * passes,
      mediaInput: reach.mediaInput,
      cacheWrites: reach.cacheWrites,
      units: unitsOf(match, reach, model),
      tiers: tiersOf(reach),
      geos: reach.inferenceGeo === null ? [] : [reach.inferenceGeo],
    },
  }
}

/** How tools or a schema are explained: https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing. */
const explanationTokens = 1_024
/** Anthropic's own tools of the caller's side bring their descriptions along: up to 735 tokens each. */
const toolTokens = 768

function firstPassTokens(
  match: CallToBound['match'],
  reach: RequestReach,
  { model, aroundTokens }: { readonly model: string; readonly aroundTokens: number },
): number {
  const context = mostContextTokens(model)
  if (reach.inputUnbounded) return context
  const tokens = reach.textBytes + reach.pictures * mostPictureTokens(model) + aroundTokens
  // More than its context no chat model takes; lists of texts to embed are one context each.
  return withoutOutput.has(match.endpoint) ? tokens : Math.min(tokens, context * reach.answers)
}

/** Each use of a server tool may have the whole context read once more. */
function inputTokens(passes: number, first: number, model: string): number {
  return passes === 1 ? first : mostContextTokens(model) * passes
}

function aroundTokensOf(match: CallToBound['match'], reach: RequestReach, model: string): number {
  const each =
    mostPromptTokens(model) +
    (reach.tools > 0 || reach.schema ? explanationTokens : 0) +
    (match.dialect === 'anthropic' ? reach.tools * toolTokens : 0)
  return each * reach.answers
}

/** Whether the model's own limits are part of what bounds the call. */
function isGuessed(match: CallToBound['match'], facts: CallToBound['facts'], reach: RequestReach): boolean {
  const output = facts.outputLimitTokens === null && !withoutOutput.has(match.endpoint)
  return output || reach.pictures > 0 || reach.inputUnbounded || reach.passes !== 1
}

/** Calls that are answered with numbers. */
const withoutOutput: ReadonlySet<string> = new Set(['embeddings', 'embedContent', 'moderations', 'countTokens'])
/** Calls that are answered with pictures or sound: how many tokens that is, nobody says. */
const withMediaOutput: ReadonlyMap<string, string> = new Map([
  ['images', 'a picture'],
  ['audio.speech', 'a speech'],
])

/** What the answer is, where it is not text; null where it is. */
export function mediaOutputOf({ endpoint }: CallToBound['match']): string | null {
  return withMediaOutput.get(endpoint) ?? null
}

function answerTokensOf(match: CallToBound['match'], facts: CallToBound['facts'], model: string): number | null {
  if (withoutOutput.has(match.endpoint)) return 0
  if (withMediaOutput.has(match.endpoint)) return null
  const { outputLimitTokens: limit } = facts
  if (limit === null) return mostOutputTokens(model)
  // Some callers set all that a number can be. What a model writes stands in its context window.
  return knowsLimits(model) ? Math.min(limit, mostContextTokens(model)) : limit
}

const audioEndpoints: ReadonlySet<string> = new Set(['audio.transcriptions', 'audio.translations', 'audio.speech'])

function unitsOf(match: CallToBound['match'], reach: RequestReach, model: string): CallBounds['units'] {
  const units: Partial<Record<UnitName, number | null>> = {}
  if (audioEndpoints.has(match.endpoint)) units.audio_second = null
  if (usesToolsUnasked(model)) units.web_search = null
  for (const { unit, most } of reach.serverTools) {
    if (unit === null) continue
    const before = units[unit]
    units[unit] = most === null || before === null ? null : most + (before ?? 0)
  }
  return units
}

/**
 * The tier that was asked for. Without a word a provider may still take the default of an account or project, which does
 * not show here: for one that is dearer than standard, the price has to be an override.
 */
function tiersOf({ serviceTier, speed }: Pick<RequestReach, 'serviceTier' | 'speed'>): TierWords[] {
  if (serviceTier === null && speed === null) return []
  const words = { trafficType: undefined, speed: speed ?? undefined }
  const asked = { ...words, serviceTier: serviceTier ?? undefined }
  return speed === null ? [asked] : [asked, { ...words, serviceTier: undefined }]
}
