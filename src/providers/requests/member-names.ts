import type { Member } from '#lib/json-members.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { EndpointMatch } from '../endpoints.ts'
import { geminiConfig } from './body-members.ts'
import { type RequestRefusal, refusal } from './facts.ts'

/** Callers choose names: beyond these bounds one is looked at anew each time. */
const mostKept = 1_000
const longestKept = 40

/**
 * Names of members that decide something. Readers differ where such a name stands twice, or in another case: Go's
 * encoding/json takes `Model` for `model` and the last one of both (https://pkg.go.dev/encoding/json#Unmarshal), so do
 * ASP.NET and others, while most take nothing but `model`. A caller could show the gateway one model and a relay another.
 */
class DecidingNames {
  readonly #names: ReadonlySet<string>
  readonly #byAnyCase: ReadonlyMap<string, string>
  readonly #kept = new Map<string, string | null>()

  constructor(names: readonly string[]) {
    this.#names = new Set(names)
    this.#byAnyCase = new Map(names.map((name) => [withoutCase(name), name]))
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** The name that a reader could take this one for, itself included; null = none. */
  meantBy(name: string): string | null {
    const kept = this.#kept.get(name)
    if (kept !== undefined) return kept
    if (name.length > longestKept) return null
    const meant = this.#names.has(name) ? name : (this.#byAnyCase.get(withoutCase(name)) ?? null)
    if (this.#kept.size >= mostKept) this.#kept.clear()
    this.#kept.set(name, meant)
    return meant
  }
}

/** Both ways: to Go the Kelvin sign is a k, as its lower case is, and the long s is an s, as its upper case is. */
function withoutCase(name: string): string {
  return name.toLowerCase().toUpperCase()
}

/** Of the body: they decide who may call, what is forwarded or what it costs. */
const ofBody = new DecidingNames([
  ...['model', 'models', 'stream', 'stream_options', 'metadata', 'background'],
  ...['n', 'best_of', 'prompt', 'requests', 'generateContentRequest'],
  ...['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'generationConfig', 'generation_config'],
  ...['service_tier', 'serviceTier', 'speed', 'inference_geo'],
  ...['tools', 'functions', 'max_tool_calls', 'mcp_servers', 'plugins', 'web_search_options', 'search_parameters'],
  ...['thinking', 'reasoning', 'reasoning_effort', 'enable_thinking', 'modalities', 'prediction'],
  ...['previous_response_id', 'conversation', 'cachedContent', 'cached_content', 'context_management'],
  ...['continuationToken', 'continuation_token', 'thread', 'compaction', 'container', 'multi_agent'],
  ...['fallbacks', 'fallback_models', 'route', 'preset', 'compound_custom', 'providerOptions'],
])

const ofStreamOptions = new DecidingNames(['include_usage'])
const ofThinking = new DecidingNames(['type', 'budget_tokens'])
const ofGeminiConfig = new DecidingNames([
  ...['maxOutputTokens', 'max_output_tokens', 'candidateCount', 'candidate_count'],
  ...['responseModalities', 'response_modalities', 'thinkingConfig', 'thinking_config'],
  ...['routingConfig', 'routing_config', 'modelSelectionConfig', 'model_selection_config'],
])
const ofGeminiThinking = new DecidingNames(['thinkingBudget', 'thinking_budget'])

/** A name in the body that decides something, and that two readers could understand in two ways; null = none. */
export function faultOfNames({ dialect }: EndpointMatch, root: JsonObject): RequestRefusal | null {
  return (
    faultIn(root, ofBody) ??
    faultIn(root['stream_options'], ofStreamOptions) ??
    faultIn(root['thinking'], ofThinking) ??
    (dialect === 'google' ? faultOfSpellings(root) : null)
  )
}

/** The same of a field of a form. */
export function faultOfField(name: string, read: ReadonlySet<string>): RequestRefusal | null {
  const meant = ofBody.meantBy(name)
  return meant !== null && meant !== name && read.has(meant) ? misspelled(name, meant) : null
}

/** The same of the members of an object, of which only some are read; one of these may not stand there twice. */
export function faultOfMembers(members: readonly Member[], read: ReadonlySet<string>): RequestRefusal | null {
  for (const { key } of members) {
    const fault = faultOfField(key, read)
    if (fault !== null) return fault
  }
  const twice = repeatedName(members.filter(({ key }) => read.has(key)))
  return twice === null ? null : standsTwice(twice)
}

/** The first name that decides something and stands more than once. */
export function repeatedName(members: readonly Member[]): string | null {
  const seen = new Set<string>()
  for (const { key } of members) {
    if (!ofBody.has(key)) continue
    if (seen.has(key)) return key
    seen.add(key)
  }
  return null
}

export function standsTwice(name: string): RequestRefusal {
  return refusal('invalid_request', `"${name}" stands more than once in the body`, name)
}

function faultIn(value: unknown, names: DecidingNames): RequestRefusal | null {
  if (!isObject(value)) return null
  for (const name in value) {
    const meant = names.meantBy(name)
    if (meant !== null && meant !== name) return misspelled(name, meant)
  }
  return null
}

function misspelled(name: string, meant: string): RequestRefusal {
  return refusal('invalid_request', `"${name}" must be written "${meant}"`, name)
}

/**
 * Gemini takes each name as JSON and as proto has it (https://protobuf.dev/programming-guides/json/). Of both together
 * parsers may take either, or none at all.
 */
function faultOfSpellings(root: JsonObject): RequestRefusal | null {
  const config = geminiConfig(root)
  const thinking = config?.['thinkingConfig'] ?? config?.['thinking_config']
  return (
    faultOfTwins(root) ??
    faultIn(config, ofGeminiConfig) ??
    faultOfTwins(config) ??
    faultIn(thinking, ofGeminiThinking) ??
    faultOfTwins(thinking)
  )
}

function faultOfTwins(value: unknown): RequestRefusal | null {
  if (!isObject(value)) return null
  for (const name in value) {
    if (!name.includes('_')) continue
    const twin = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (twin === name || !Object.hasOwn(value, twin)) continue
    return refusal('invalid_request', `"${twin}" and "${name}" are the same: send one of them`, name)
  }
  return null
}
