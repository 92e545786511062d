type Vendor = 'openai' | 'anthropic' | 'google' | 'deepseek'

/** never: it does not reason; asked: where the request switches it on; always: unless the request switches it off. */
type Reasoning = 'never' | 'asked' | 'always'

export interface Model {
  /** As the price list names it: without a date. */
  readonly name: string
  readonly vendor: Vendor
  /** The name an answer carries where the request left the date out. */
  readonly served: string
  readonly reasoning: Reasoning
}

const rows: readonly (readonly [Vendor, string, string, Reasoning])[] = [
  ['openai', 'gpt-4.1', 'gpt-4.1-2025-04-14', 'never'],
  ['openai', 'gpt-4.1-mini', 'gpt-4.1-mini-2025-04-14', 'never'],
  ['openai', 'gpt-4.1-nano', 'gpt-4.1-nano-2025-04-14', 'never'],
  ['openai', 'gpt-4o', 'gpt-4o-2024-08-06', 'never'],
  ['openai', 'gpt-4o-mini', 'gpt-4o-mini-2024-07-18', 'never'],
  ['openai', 'gpt-4o-audio-preview', 'gpt-4o-audio-preview-2025-06-03', 'never'],
  ['openai', 'gpt-5', 'gpt-5-2025-08-07', 'always'],
  ['openai', 'gpt-5-mini', 'gpt-5-mini-2025-08-07', 'always'],
  ['openai', 'gpt-5-nano', 'gpt-5-nano', 'always'],
  ['openai', 'gpt-5.1', 'gpt-5.1', 'asked'],
  ['openai', 'gpt-5.2', 'gpt-5.2', 'asked'],
  ['openai', 'gpt-5.3-codex', 'gpt-5.3-codex', 'always'],
  ['openai', 'gpt-5.4', 'gpt-5.4', 'asked'],
  ['openai', 'gpt-5.4-mini', 'gpt-5.4-mini', 'asked'],
  ['openai', 'gpt-5.4-nano', 'gpt-5.4-nano', 'asked'],
  ['openai', 'gpt-5.5', 'gpt-5.5', 'asked'],
  ['openai', 'gpt-6-sol', 'gpt-6-sol', 'asked'],
  ['openai', 'gpt-6-luna', 'gpt-6-luna', 'asked'],
  ['openai', 'gpt-6.1-sol', 'gpt-6.1-sol', 'asked'],
  ['openai', 'o4-mini', 'o4-mini-2025-04-16', 'always'],
  ['openai', 'o3', 'o3-2025-04-16', 'always'],
  ['openai', 'gpt-3.5-turbo', 'gpt-3.5-turbo-0125', 'never'],
  ['openai', 'gpt-3.5-turbo-instruct', 'gpt-3.5-turbo-instruct:20230824-v2', 'never'],
  ['openai', 'text-embedding-3-small', 'text-embedding-3-small', 'never'],
  ['openai', 'text-embedding-3-large', 'text-embedding-3-large', 'never'],
  ['openai', 'gpt-image-1', 'gpt-image-1', 'never'],
  ['openai', 'dall-e-3', 'dall-e-3', 'never'],
  ['openai', 'tts-1', 'tts-1', 'never'],
  ['openai', 'gpt-4o-mini-tts', 'gpt-4o-mini-tts', 'never'],
  ['openai', 'whisper-1', 'whisper-1', 'never'],
  ['openai', 'gpt-4o-transcribe', 'gpt-4o-transcribe', 'never'],
  ['openai', 'gpt-4o-mini-transcribe', 'gpt-4o-mini-transcribe', 'never'],
  ['openai', 'omni-moderation-latest', 'omni-moderation-latest', 'never'],
  ['openai', 'simulated-unpriced', 'simulated-unpriced', 'never'],
  ['anthropic', 'claude-sonnet-4-5', 'claude-sonnet-4-5-20250929', 'asked'],
  ['anthropic', 'claude-haiku-4-5', 'claude-haiku-4-5-20251001', 'asked'],
  ['anthropic', 'claude-opus-4-5', 'claude-opus-4-5-20251101', 'asked'],
  ['anthropic', 'claude-opus-4-6', 'claude-opus-4-6', 'asked'],
  ['anthropic', 'claude-opus-4-8', 'claude-opus-4-8', 'asked'],
  ['anthropic', 'claude-opus-5', 'claude-opus-5', 'asked'],
  ['anthropic', 'claude-opus-5-5', 'claude-opus-5-5', 'asked'],
  ['anthropic', 'claude-sonnet-4-6', 'claude-sonnet-4-6', 'asked'],
  ['anthropic', 'claude-sonnet-5', 'claude-sonnet-5', 'asked'],
  ['anthropic', 'claude-sonnet-5-5', 'claude-sonnet-5-5', 'asked'],
  ['anthropic', 'claude-haiku-5-5', 'claude-haiku-5-5', 'asked'],
  ['google', 'gemini-2.0-flash', 'gemini-2.0-flash', 'never'],
  ['google', 'gemini-2.5-flash', 'gemini-2.5-flash', 'always'],
  ['google', 'gemini-2.5-pro', 'gemini-2.5-pro', 'always'],
  ['google', 'gemini-2.5-flash-lite', 'gemini-2.5-flash-lite', 'asked'],
  ['google', 'gemini-2.5-flash-image', 'gemini-2.5-flash-image', 'never'],
  ['google', 'gemini-3-pro-preview', 'gemini-3-pro-preview', 'always'],
  ['google', 'gemini-3.1-pro-preview', 'gemini-3.1-pro-preview', 'always'],
  ['google', 'gemini-3.1-pro-preview-customtools', 'gemini-3.1-pro-preview-customtools', 'always'],
  ['google', 'gemini-3-flash-preview', 'gemini-3-flash-preview', 'always'],
  ['google', 'gemini-3.1-flash-lite', 'gemini-3.1-flash-lite', 'asked'],
  ['google', 'gemini-3.5-flash', 'gemini-3.5-flash', 'always'],
  ['google', 'gemini-3.5-flash-lite', 'gemini-3.5-flash-lite', 'asked'],
  ['google', 'gemini-3.8-flash', 'gemini-3.8-flash', 'always'],
  ['google', 'gemini-embedding-001', 'gemini-embedding-001', 'never'],
  ['deepseek', 'deepseek-chat', 'deepseek-chat', 'never'],
  ['deepseek', 'deepseek-reasoner', 'deepseek-reasoner', 'always'],
  ['deepseek', 'deepseek-v3.2', 'deepseek-v3.2', 'asked'],
]

export const models: readonly Model[] = rows.map(([vendor, name, served, reasoning]) => ({
  vendor,
  name,
  served,
  reasoning,
}))

const byName = new Map<string, Model>()
for (const model of models) {
  byName.set(model.served, model)
  byName.set(model.name, model)
}

/**
 * The model of that name, or null. A date behind a known name (`gpt-4.1-2025-04-14`, `claude-haiku-4-5-20251001`) and
 * `-latest` are understood; an answer then carries the name that was asked for.
 */
export function findModel(name: string): Model | null {
  const known = byName.get(name)
  if (known) return known
  const bare = name.replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, '')
  const dated = bare === name ? undefined : byName.get(bare)
  return dated ? { ...dated, served: name } : null
}
