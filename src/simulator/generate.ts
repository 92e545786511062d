import type { Ask, Tool } from './ask.ts'
import { type Counts, noCounts } from './counts.ts'
import type { Directives } from './directives.ts'
import { isObject, type JsonObject } from './json.ts'
import { hash32, randomFrom, randomName } from './random.ts'
import { sampleOf } from './sample.ts'
import { cutPieces, writePieces } from './text.ts'

/** Why a choice ended; each dialect has its own words for it. */
export type Finish = 'stop' | 'length' | 'tool'

export interface ToolCall {
  /** Letters and digits; the dialect puts its prefix before it. */
  readonly key: string
  readonly name: string
  /** The arguments as JSON, cut into tokens. */
  readonly pieces: readonly string[]
}

export interface Choice {
  /** Text, cut into tokens. */
  readonly pieces: readonly string[]
  readonly toolCalls: readonly ToolCall[]
  readonly finish: Finish
}

/** What the simulated model made of an ask. One piece is one token, so the counts are those of what was sent. */
export interface Generation {
  readonly reasoning: readonly string[]
  readonly searches: readonly string[]
  /** The part of the input that the searches fed in. */
  readonly searchInputTokens: number
  readonly choices: readonly Choice[]
  readonly counts: Counts
}

/** What the prompt caches took over and kept, decided before generating. */
export interface CacheShare {
  readonly read: number
  readonly write5m: number
  readonly write1h: number
}

export const noCacheShare: CacheShare = { read: 0, write5m: 0, write1h: 0 }

/** Pure: the same seed, ask, directives and cache share always make the same answer. */
export function generate(ask: Ask, directives: Directives, seed: number, cache: CacheShare = noCacheShare): Generation {
  const random = randomFrom(hash32(`${ask.model.name}\n${ask.prompt}\n${ask.inputTokens}`, seed))
  const budget = { left: ask.maxOutputTokens ?? Number.MAX_SAFE_INTEGER }
  const wanted = directives.reasoning ?? reasoningLength(ask, random)
  const reasoning = wanted > 0 ? spend(writePieces(random, wanted), budget) : []
  const searches = ask.searchesWeb ? searchQueries(ask, directives.searches ?? 1) : []
  const searchInputTokens = directives.input === undefined ? searches.length * 512 : 0
  const choices: Choice[] = []
  let output = reasoning.length
  for (let i = 0; i < ask.choices; i++) {
    const own = { left: budget.left }
    const choice = makeChoice(ask, directives, random, own)
    output += tokensOf(choice)
    choices.push(choice)
  }
  const inputTokens = directives.input ?? ask.inputTokens + searchInputTokens
  const cached = Math.min(directives.cached ?? cache.read, inputTokens)
  return {
    reasoning,
    searches,
    searchInputTokens,
    choices,
    counts: {
      ...noCounts,
      inputTokens,
      cachedInputTokens: cached,
      cacheWrite5mTokens: Math.min(cache.write5m, inputTokens - cached),
      cacheWrite1hTokens: Math.min(cache.write1h, inputTokens - cached - Math.min(cache.write5m, inputTokens - cached)),
      outputTokens: output,
      reasoningTokens: reasoning.length,
      audioInputTokens: Math.min(ask.audioInputTokens, inputTokens - cached),
      imageInputTokens: Math.min(ask.imageInputTokens, inputTokens - cached),
      webSearches: searches.length,
    },
  }
}

function tokensOf(choice: Choice): number {
  let tokens = choice.pieces.length
  for (const call of choice.toolCalls) tokens += call.pieces.length
  return tokens
}

/** The arguments of a call whole. Cut off they are no JSON: a whole answer then has none, as a stream's client would find. */
export function argumentsOf({ pieces }: ToolCall): JsonObject {
  try {
    const parsed: unknown = JSON.parse(pieces.join(''))
    return isObject(parsed) ? parsed : {}
  } catch {
    return {}
  }
}

/** The whole text of a choice; null where it only calls tools. */
export function textOfChoice(choice: Choice): string | null {
  return choice.pieces.length === 0 && choice.toolCalls.length > 0 ? null : choice.pieces.join('')
}

function reasoningLength(ask: Ask, random: () => number): number {
  const { reasoning } = ask.model
  if (reasoning === 'never') return 0
  if (ask.reasoningTokens !== null) return Math.min(ask.reasoningTokens, 32 + Math.floor(random() * 96))
  return reasoning === 'always' ? 32 + Math.floor(random() * 96) : 0
}

function makeChoice(ask: Ask, directives: Directives, random: () => number, budget: { left: number }): Choice {
  const called = toolsToCall(ask)
  if (called.length > 0) {
    const toolCalls = called.map((tool) => callTool(tool, random, budget))
    const whole = budget.left > 0
    return { pieces: [], toolCalls: whole ? toolCalls : toolCalls.slice(0, 1), finish: whole ? 'tool' : 'length' }
  }
  const all = textPieces(ask, directives, random)
  const pieces = spend(all, budget)
  return { pieces, toolCalls: [], finish: pieces.length < all.length ? 'length' : 'stop' }
}

function textPieces(ask: Ask, directives: Directives, random: () => number): string[] {
  if (ask.format.kind === 'schema') return cutPieces(JSON.stringify(sampleOf(ask.format.schema, random)))
  if (ask.format.kind === 'json') return cutPieces(JSON.stringify({ answer: 'simulated', number: 7 }))
  if (directives.text !== undefined) return cutPieces(directives.text)
  const pieces = writePieces(random, directives.tokens ?? 16 + Math.floor(random() * 32))
  for (const stop of ask.stop) {
    const at = pieces.findIndex((piece) => stop !== '' && piece.includes(stop))
    if (at >= 0) return pieces.slice(0, at)
  }
  return pieces
}

function spend(pieces: string[], budget: { left: number }): string[] {
  const taken = pieces.length <= budget.left ? pieces : pieces.slice(0, budget.left)
  budget.left -= taken.length
  return taken
}

/** Which tools this turn calls: the named or any one where it must, else those the prompt speaks of. */
function toolsToCall(ask: Ask): readonly Tool[] {
  const { toolChoice, tools } = ask
  if (tools.length === 0 || toolChoice.kind === 'none') return []
  if (toolChoice.kind === 'named') return tools.filter((tool) => tool.name === toolChoice.name)
  if (ask.answersTool && toolChoice.kind === 'auto') return []
  const prompt = ask.prompt.toLowerCase()
  const asked = tools.filter((tool) => speaksOf(prompt, tool))
  const called = asked.length === 0 && toolChoice.kind === 'required' ? tools.slice(0, 1) : asked
  return ask.parallelTools ? called : called.slice(0, 1)
}

/** True where the prompt holds a word of four letters or more of the tool's name, or its whole name. */
function speaksOf(prompt: string, tool: Tool): boolean {
  const name = tool.name.toLowerCase()
  if (prompt.includes(name)) return true
  const spaced = tool.name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
  return spaced.split(/[^a-z0-9]+/).some((word) => word.length >= 4 && prompt.includes(word))
}

function callTool(tool: Tool, random: () => number, budget: { left: number }): ToolCall {
  const key = randomName(random, 24)
  return { key, name: tool.name, pieces: spend(cutPieces(JSON.stringify(sampleOf(tool.schema, random))), budget) }
}

function searchQueries(ask: Ask, count: number): string[] {
  const about = ask.prompt.slice(0, 60).trim() || 'news'
  return Array.from({ length: count }, (_, i) => (i === 0 ? about : `${about} (${i + 1})`))
}
