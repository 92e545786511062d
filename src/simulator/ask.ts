import type { Json, JsonObject } from './json.ts'
import type { Model } from './models.ts'

export interface Tool {
  readonly name: string
  readonly description: string
  readonly schema: Json
}

export type ToolChoice =
  | { readonly kind: 'auto' | 'none' | 'required' }
  | { readonly kind: 'named'; readonly name: string }

/** How the answer is to look: free text, any JSON, or JSON after a schema. */
export type Format = { readonly kind: 'text' | 'json' } | { readonly kind: 'schema'; readonly schema: Json }

/** A request in the words all dialects share: what the simulated model needs to know to make up an answer. */
export interface Ask {
  readonly model: Model
  /** The last thing the user said; directives and the choice of tools are read from it. */
  readonly prompt: string
  /** True where the last turn brings a tool's result: the model then answers in words. */
  readonly answersTool: boolean
  readonly inputTokens: number
  readonly imageInputTokens: number
  readonly audioInputTokens: number
  readonly tools: readonly Tool[]
  readonly toolChoice: ToolChoice
  readonly parallelTools: boolean
  readonly format: Format
  readonly maxOutputTokens: number | null
  readonly choices: number
  /** How much it is told to think, in tokens; null = as the model is used to; 0 = not at all. */
  readonly reasoningTokens: number | null
  readonly searchesWeb: boolean
  readonly stop: readonly string[]
}

/** What one turn brought, added up by a dialect while it reads its messages. */
export interface Tally {
  prompt: string
  textLength: number
  messages: number
  imageTokens: number
  audioTokens: number
  answersTool: boolean
}

export function newTally(): Tally {
  return { prompt: '', textLength: 0, messages: 0, imageTokens: 0, audioTokens: 0, answersTool: false }
}

/** All input tokens: text at four characters each, four a message for its frame, images and audio at their own count. */
export function inputTokensOf(tally: Tally, extra: unknown = null): number {
  const extraLength = extra === null || extra === undefined ? 0 : JSON.stringify(extra).length
  const text = Math.ceil((tally.textLength + extraLength) / 4)
  return text + tally.messages * 4 + 3 + tally.imageTokens + tally.audioTokens
}

/** A 16 kHz, 16-bit mono recording in base64 → tokens, ten a second. */
export function audioTokensOf(base64Length: number): number {
  return Math.max(1, Math.round((base64Length * 0.75) / 32_000)) * 10
}

export function toolsFrom(list: readonly JsonObject[], schemaKey: string): Tool[] {
  const tools: Tool[] = []
  for (const one of list) {
    const name = one['name']
    if (typeof name !== 'string') continue
    const description = one['description']
    tools.push({ name, description: typeof description === 'string' ? description : '', schema: one[schemaKey] ?? {} })
  }
  return tools
}
