import type { EndpointName } from '#core/ledger/entry.ts'

/**
 * What a model can do at most, by its name. Unknown names get the greatest value that any known vendor has: a hold may be
 * too large, and is given back; it must not be too small. First hit wins; names are bare and in lower case.
 */
interface Limits {
  readonly name: RegExp
  /** Of one answer, thinking included. */
  readonly outputTokens: number
  /** Input and output together, or input alone where the vendor counts so. */
  readonly contextTokens: number
}

/**
 * Sources: https://platform.openai.com/docs/models, https://platform.claude.com/docs/en/models/overview (output of 128,000
 * for Claude 3.7 with a beta header; context of 1,000,000 for Sonnet 4 and 4.5 with one),
 * https://ai.google.dev/gemini-api/docs/models, https://api-docs.deepseek.com/quick_start/pricing. Where a page gives
 * rounded figures (`1M`), the power of two.
 */
const rows: readonly (readonly [RegExp, number, number])[] = [
  // OpenAI
  [/^gpt-5[\d.]*-pro/, 272_000, 1_050_000],
  [/^gpt-(?:5|[6-9])/, 128_000, 1_050_000],
  [/^gpt-4\.1/, 32_768, 1_047_576],
  [/^gpt-4o:extended|^gpt-4o-64k/, 65_536, 131_072],
  [/^gpt-4o.*(?:transcribe|tts)/, 16_384, 16_384],
  [/^(?:gpt-4o|gpt-4\.5|chatgpt-4o|gpt-audio|gpt-realtime)/, 16_384, 131_072],
  [/^gpt-4-(?:turbo|vision|1106|0125)/, 4_096, 131_072],
  [/^gpt-4-32k/, 32_768, 32_768],
  [/^gpt-4(?:$|-0)/, 8_192, 8_192],
  [/^gpt-3\.5/, 16_385, 16_385],
  [/^gpt-oss/, 131_072, 131_072],
  [/^o1-(?:preview|mini)/, 65_536, 131_072],
  [/^(?:o[134]|codex-mini|computer-use)/, 100_000, 200_000],
  [/^(?:davinci|babbage)-002/, 16_384, 16_384],
  // Anthropic
  [/^claude-(?:3-5|3\.5)/, 8_192, 200_000],
  [/^claude-(?:3-7|3\.7)/, 128_000, 200_000],
  [/^claude-(?:3-|2|v1|instant)/, 4_096, 200_000],
  [/^claude-opus-4(?:-[01])?(?:-\d{8}|-latest)?$|^claude-opus-4\.1|^claude-4-opus/, 32_000, 200_000],
  [/^claude-(?:sonnet-4(?:[-.]5)?|haiku-4[-.]5|opus-4[-.]5)(?:-\d{8}|-latest)?$|^claude-4-sonnet/, 64_000, 1_048_576],
  [/^claude-/, 128_000, 1_048_576],
  // Google
  [/^gemini-(?:1\.0|1\.5|2\.0|pro|flash)/, 8_192, 2_097_152],
  [/^gemini-.*(?:tts|live)/, 65_536, 1_048_576],
  [/^gemini-[23]/, 65_536, 1_048_576],
  [/^gemma-/, 131_072, 262_144],
  // DeepSeek
  [/^deepseek-(?:v3|r1)/, 65_536, 163_840],
  [/^deepseek-/, 393_216, 1_048_576],
]
const table: readonly Limits[] = rows.map(([name, outputTokens, contextTokens]) => ({
  name,
  outputTokens,
  contextTokens,
}))

const unknown = { outputTokens: 131_072, contextTokens: 2_097_152 }

/** What a stream shows: all of its output, or less. */
const showsAll: readonly RegExp[] = [
  /^(?:chatgpt-4o|gpt-4o|gpt-4\.|gpt-4-|gpt-4$|gpt-3\.5)/,
  // Models before 5 think only where they are asked to.
  /^claude-(?:2|3|v1|instant|(?:opus|sonnet|haiku)-4|4)/,
  /^gemini-(?:1\.|2\.0)/,
  /^gemma-[1-3]/,
  /^deepseek-(?:chat|v3)/,
  /^(?:llama|meta-llama|mi[sx]tral|codestral|command-r)/,
  /^(?:davinci|babbage)-002/,
]

/** The most output tokens of one answer for which no limit is set. */
export function mostOutputTokens(model: string): number {
  return limitsOf(model).outputTokens
}

/** The most tokens that one pass of the model reads. */
export function mostContextTokens(model: string): number {
  return limitsOf(model).contextTokens
}

/** False where nothing is known of the model, so that its limits are those of `unknown`. */
export function knowsLimits(model: string): boolean {
  return limitsOf(model) !== unknown
}

/**
 * Whether the model may spend output tokens that its stream does not show, unasked. True of every model about which
 * nothing else is known.
 */
export function thinksUnseen(model: string): boolean {
  const bare = bareName(model)
  return !showsAll.some((name) => name.test(bare)) || /(?:audio|realtime|tts|image|thinking)/.test(bare)
}

/**
 * The most tokens that a provider adds to a prompt by itself: around it, or as a text of its own. Makers of models that are
 * known add a few; gpt-oss begins with some seventy (https://cookbook.openai.com/articles/openai-harmony), Grok was
 * recorded with seven hundred.
 */
export function mostPromptTokens(model: string): number {
  const bare = bareName(model)
  if (/^gpt-oss/.test(bare)) return 256
  return /^(?:gpt-|chatgpt-|o[134]|claude-|gemini-|gemma-|deepseek-|text-|davinci|babbage)/.test(bare) ? 16 : 1_024
}

/**
 * Models that search or run code whether they are asked to or not, and read what they find:
 * https://platform.openai.com/docs/guides/tools-web-search, https://platform.openai.com/docs/guides/deep-research,
 * https://docs.perplexity.ai, https://console.groq.com/docs/compound.
 */
export function usesToolsUnasked(model: string): boolean {
  return /search|sonar|compound|:online/.test(model.toLowerCase())
}

/** Whether the model searches without a word of it in such an answer: those of other APIs list what was searched. */
export function searchesUnseen(endpoint: EndpointName, model: string): boolean {
  return endpoint === 'chat.completions' && usesToolsUnasked(model)
}

/**
 * The most tokens that one picture counts. gpt-4o-mini: 2,833 and 5,667 for each of at most eight tiles
 * (https://platform.openai.com/docs/guides/images-vision). Others stay below: at most 10,000 patches of OpenAI's newest,
 * 4,784 tokens of Claude (https://platform.claude.com/docs/en/build-with-claude/vision), 16 tiles of 258 tokens or 2,240
 * of Gemini (https://ai.google.dev/gemini-api/docs/media-resolution).
 */
export function mostPictureTokens(model: string): number {
  return /^gpt-4o-mini/.test(bareName(model)) ? 50_000 : 16_384
}

/** Names come from callers; what is remembered of them is bounded. */
const mostRemembered = 1_000
const remembered = new Map<string, Pick<Limits, 'outputTokens' | 'contextTokens'>>()

function limitsOf(model: string): Pick<Limits, 'outputTokens' | 'contextTokens'> {
  const known = remembered.get(model)
  if (known !== undefined) return known
  const bare = bareName(model)
  const found = table.find(({ name }) => name.test(bare)) ?? unknown
  if (remembered.size >= mostRemembered) remembered.clear()
  remembered.set(model, found)
  return found
}

/** `openai/gpt-4.1:free`, `models/gemini-2.5-pro` and `ft:gpt-4.1-mini:org::id` without what is around the name. */
function bareName(model: string): string {
  const lowered = model.toLowerCase().trim()
  const tuned = /^ft:([^:]+)/.exec(lowered)?.[1] ?? lowered
  return tuned.slice(tuned.lastIndexOf('/') + 1)
}
