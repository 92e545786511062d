import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { EndpointMatch } from '../endpoints.ts'
import { count, geminiConfig, said } from './body-members.ts'
import { type Fallback, fallbacksOf } from './fallbacks.ts'
import { continuesThread, type OpenPart, openPartsOf } from './open-parts.ts'
import { type ServerTool, serverToolsOf, toolsIn } from './server-tools.ts'
import type { TextSize } from './text-size.ts'

/** How far a call can go, as far as its request says: what a hold has to cover beside the facts. */
export interface RequestReach {
  /** UTF-8 bytes of the body that may be read as text: no tokenizer makes more tokens of them. */
  readonly textBytes: number
  readonly pictures: number
  /** Part of the input is not in the body, or cannot be measured: only the model's context window bounds it. */
  readonly inputUnbounded: boolean
  readonly mediaInput: boolean
  readonly cacheWrites: 'none' | 'short' | 'any'
  /** How many answers are made and billed, those that are not delivered included. */
  readonly answers: number
  /** The request asks for thinking, or for answers that are no text: their tokens do not show in a stream. */
  readonly hiddenOutput: boolean
  /** Least output limit that the provider accepts beside the other settings. */
  readonly leastOutputTokens: number
  /** Tools that the provider runs itself. `unit` = what it bills for each use, `most` = how many; null = nobody says. */
  readonly serverTools: readonly ServerTool[]
  /** What else has nobody say how much the provider does. */
  readonly openParts: readonly OpenPart[]
  /** How often the model may read its input, once more for each use of a server tool; null = nobody says. */
  readonly passes: number | null
  /** Models that answer where the one before them declines, each with passes of its own. */
  readonly fallbacks: readonly Fallback[]
  /** All tools that the model is told of. */
  readonly tools: number
  /** The answer has to fit a schema, which some providers explain to the model. */
  readonly schema: boolean
  /** Asked for; null = not said. An answer may name the tier that it got instead. */
  readonly serviceTier: string | null
  readonly speed: string | null
  readonly inferenceGeo: string | null
}

/** Of a call without a body. */
export const noReach: RequestReach = {
  textBytes: 0,
  pictures: 0,
  inputUnbounded: false,
  mediaInput: false,
  cacheWrites: 'none',
  answers: 1,
  hiddenOutput: false,
  leastOutputTokens: 1,
  serverTools: [],
  openParts: [],
  passes: 1,
  fallbacks: [],
  tools: 0,
  schema: false,
  serviceTier: null,
  speed: null,
  inferenceGeo: null,
}

/**
 * Of a JSON body. `size` is what the one walk through it found.
 *
 * Members are read by their names as written here, not in loops over lists of names: bodies come in every shape, and
 * a read by a name that is not known beforehand costs several times as much.
 */
export function reachOf(match: EndpointMatch, root: JsonObject, size: TextSize, bodyBytes: number): RequestReach {
  const allUses = match.endpoint === 'responses' ? count(root['max_tool_calls']) : null
  const fallbacks = fallbacksOf(match, root['fallbacks'])
  const { brought } = size
  const tools = toolsIn(root, brought)
  const serverTools = serverToolsOf(match, root, { tools, allUses })
  const openFallbacks = fallbacks.kind === 'open'
  const openParts = openPartsOf(match, root, { openFallbacks, brought })
  const kept = keepsInput(match, root)
  const config = geminiConfig(root)
  return {
    textBytes: bodyBytes - size.mediaChars,
    pictures: size.pictures,
    inputUnbounded: size.unmeasured || kept,
    mediaInput: size.hasMedia || kept,
    // Only Anthropic's callers say what is written; elsewhere the provider writes as it sees fit, for an hour if asked.
    cacheWrites: match.dialect !== 'anthropic' && size.cacheControl === 'none' ? 'short' : size.cacheControl,
    answers: answersOf(match, root, config),
    // What was predicted wrongly is billed, and not shown (https://platform.openai.com/docs/guides/predicted-outputs).
    hiddenOutput: thinks(root, config) || speaks(root, config) || said(root['prediction']),
    leastOutputTokens: leastOutputOf(match, root),
    serverTools,
    openParts,
    passes: openParts.length > 0 ? null : passesOf(serverTools, allUses),
    fallbacks: fallbacks.kind === 'open' ? noFallbacks : fallbacks.list,
    tools: descriptionsOf(tools) + arrayOf(root['functions']).length,
    schema: hasSchema(root),
    serviceTier: textOf(root['service_tier'] ?? root['serviceTier']),
    speed: textOf(root['speed']),
    inferenceGeo: textOf(root['inference_geo']),
  }
}

const noFallbacks: readonly Fallback[] = []

/** A set of tools is described as so many: the browser's has 28. */
const toolsOfSet = 32

function descriptionsOf(tools: readonly JsonObject[]): number {
  if (tools.length === 0) return 0
  return tools.reduce((sum, { type }) => sum + (typeof type === 'string' && /_toolset_/.test(type) ? toolsOfSet : 1), 0)
}

/** Refers to what the provider keeps of earlier calls. */
function keepsInput({ dialect }: EndpointMatch, root: JsonObject): boolean {
  switch (dialect) {
    case 'anthropic':
      return continuesThread(root['thread'])
    case 'google':
      return (
        said(root['cachedContent'] ?? root['cached_content']) ||
        said(root['continuationToken'] ?? root['continuation_token'])
      )
    default:
      return said(root['previous_response_id']) || said(root['conversation']) || isObject(root['prompt'])
  }
}

function passesOf(tools: readonly ServerTool[], allUses: number | null): number | null {
  if (tools.length === 0) return 1
  if (tools.some((tool) => tool.otherModel)) return null
  if (allUses !== null) return allUses + 1
  let passes = 1
  for (const { most } of tools) {
    if (most === null) return null
    passes += most
  }
  return passes
}

function hasSchema(root: JsonObject): boolean {
  const text = root['text']
  return (
    isSchema(root['response_format']) ||
    isSchema(root['output_format']) ||
    said(root['output_config']) ||
    (isObject(text) && isSchema(text['format']))
  )
}

function isSchema(format: unknown): boolean {
  return isObject(format) && format['type'] !== 'text'
}

function answersOf(match: EndpointMatch, root: JsonObject, config: JsonObject | null): number {
  if (match.dialect === 'google') return count(config?.['candidateCount'] ?? config?.['candidate_count']) ?? 1
  // `best_of` answers are made and billed, only the best `n` delivered; each text of a list is a prompt of its own.
  const each = Math.max(count(root['n']) ?? 1, match.endpoint === 'completions' ? (count(root['best_of']) ?? 1) : 1)
  const prompts = match.endpoint === 'completions' ? arrayOf(root['prompt']) : []
  return each * (typeof prompts[0] === 'number' ? 1 : Math.max(prompts.length, 1))
}

/** True where thinking is asked for or left on; false says nothing: many models think unasked. */
function thinks(root: JsonObject, config: JsonObject | null): boolean {
  const { thinking, reasoning } = root
  if (isObject(thinking) && thinking['type'] !== 'disabled') return true
  if (said(reasoning) || root['enable_thinking'] === true) return true
  if (said(root['reasoning_effort']) && root['reasoning_effort'] !== 'none') return true
  const budget = config?.['thinkingConfig'] ?? config?.['thinking_config']
  return isObject(budget) && (budget['thinkingBudget'] ?? budget['thinking_budget']) !== 0
}

/** Answers of sound or pictures. */
function speaks(root: JsonObject, config: JsonObject | null): boolean {
  return (
    isMoreThanText(root['modalities']) ||
    isMoreThanText(config?.['responseModalities'] ?? config?.['response_modalities'])
  )
}

function isMoreThanText(kinds: unknown): boolean {
  return Array.isArray(kinds) && kinds.some((kind) => typeof kind !== 'string' || kind.toLowerCase() !== 'text')
}

/** https://platform.openai.com/docs/api-reference/responses/create: at least 16. */
const leastOfResponses = 16

/** Anthropic wants `max_tokens` above the thinking budget. */
function leastOutputOf(match: EndpointMatch, root: JsonObject): number {
  const { thinking } = root
  const budget = isObject(thinking) ? count(thinking['budget_tokens']) : null
  return Math.max(budget === null ? 1 : budget + 1, match.endpoint === 'responses' ? leastOfResponses : 1)
}

const nothing: readonly unknown[] = []

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : nothing
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
