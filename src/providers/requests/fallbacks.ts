import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { EndpointMatch } from '../endpoints.ts'
import { count } from './body-members.ts'

/** A model that answers where the one before it declines. */
export interface Fallback {
  /** As the provider is asked for it. */
  readonly model: string
  /** Of its answer; null = the request's own. */
  readonly outputLimitTokens: number | null
  /** Null = the request's own. */
  readonly speed: string | null
}

type Fallbacks =
  | { readonly kind: 'known'; readonly list: readonly Fallback[] }
  /** The provider chooses, or they say what is not known here. */
  | { readonly kind: 'open' }

const none: Fallbacks = { kind: 'known', list: [] }
const open: Fallbacks = { kind: 'open' }

/**
 * Anthropic's `fallbacks`: a list of models with limits of their own, each of which may read the input once more, or
 * `default` for whatever the provider thinks right
 * (https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback#server-side-fallback). Relays have
 * members of that name as well, each with a meaning of its own.
 */
export function fallbacksOf({ endpoint }: EndpointMatch, given: unknown): Fallbacks {
  if (given === undefined || given === null) return none
  if (endpoint !== 'messages' || !Array.isArray(given) || given.length > mostFallbacks) return open
  const list: Fallback[] = []
  for (const entry of given) {
    const fallback = isObject(entry) ? fallbackOf(entry) : null
    if (fallback === null) return open
    list.push(fallback)
  }
  return { kind: 'known', list }
}

/** Anthropic takes three. */
const mostFallbacks = 3
/** What an entry may set, beside its model none of what a call costs more by than its limit and its speed. */
const knownMembers: ReadonlySet<string> = new Set(['model', 'max_tokens', 'output_config', 'speed', 'thinking'])

function fallbackOf(entry: JsonObject): Fallback | null {
  const { model, max_tokens: limit, speed } = entry
  if (typeof model !== 'string' || Object.keys(entry).some((name) => !knownMembers.has(name))) return null
  return { model, outputLimitTokens: count(limit), speed: typeof speed === 'string' ? speed : null }
}
