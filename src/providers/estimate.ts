import { isObject } from '#lib/json-object.ts'
import type { RequestFacts } from './requests/facts.ts'
import { textsOf } from './requests/text-size.ts'

/**
 * A rough number of input tokens without a tokenizer, for open entries: a quarter of the text's bytes. Against OpenAI's
 * tokenizer it is off by up to a half either way for single sentences (English and German a quarter above, Chinese and
 * Japanese level, Hindi double); media count nothing. What a crash leaves behind is booked with it and marked so.
 */
export function roughInputTokens(facts: Pick<RequestFacts, 'inputChars' | 'hasMediaInput'>, bodyBytes: number): number {
  // Without media the body is the text; escapes (\u4e2d) make it longer, but no character has more than three bytes.
  const textBytes = facts.hasMediaInput ? facts.inputChars : Math.min(bodyBytes, facts.inputChars * 3)
  return Math.ceil(textBytes / 4)
}

/** Members that the model gets to read. */
const promptMembers = [
  'system',
  'systemInstruction',
  'system_instruction',
  'instructions',
  'messages',
  'input',
  'prompt',
  'contents',
  'content',
  'requests',
  'query',
  'documents',
] as const

/** Members whose keys it reads as well. */
const schemaMembers = ['tools', 'functions', 'response_format', 'text'] as const

/** What a provider puts around each message, about (https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken). */
const tokensPerMessage = 4

/**
 * Input tokens of a JSON request, counted here because the provider's count never came. OpenAI's current tokenizer
 * (o200k): within a few per cent for its own chat models, for others a stand-in: Claude's and Gemini's tokenizers are
 * not public, and split text into up to a third more or fewer pieces. Media count nothing.
 */
export async function estimateInputTokens(body: Buffer): Promise<number> {
  let root: unknown
  try {
    root = JSON.parse(body.toString('utf8'))
  } catch {
    // Multipart: only a small text field of it is a prompt.
    return 0
  }
  if (!isObject(root)) return 0
  const texts: string[] = []
  let messages = 0
  for (const name of promptMembers) {
    const value = root[name]
    if (value === undefined) continue
    for (const text of textsOf(value, { keys: false })) texts.push(text)
    if (Array.isArray(value) && isObject(value[0])) messages += value.length
  }
  for (const name of schemaMembers) {
    if (root[name] !== undefined) for (const text of textsOf(root[name], { keys: true })) texts.push(text)
  }
  return (await estimateTokens(texts)) + messages * tokensPerMessage
}

/** Tokens of the text that an answer delivered. Reasoning that was not shown cannot be counted. */
export async function estimateOutputTokens(text: string): Promise<number> {
  return await estimateTokens([text])
}

/** Longer texts are not counted whole: of English that takes 40 ms, of Chinese without a space a second. */
const longestCountedChars = 131_072

/** Tokens of a whole text, nothing of it guessed; null where it is too long for that. */
export async function countTokens(text: string): Promise<number | null> {
  if (text.length > longestCountedChars) return null
  const count = await tokenizer()
  let tokens = 0
  for (const piece of pieces(text)) tokens += count(piece)
  return tokens
}

/**
 * Longer texts are counted in samples spread over them: the tokenizer must not hold up the calls beside this one. Of
 * English this takes 5 ms, of Chinese without a space 100 ms.
 */
const mostCountedChars = 16_384
/** Pieces go to the tokenizer whole, cut at white space where there is any. */
const pieceChars = 512
/** Merging is quadratic in the length of a word (20,000 Chinese characters without a space took 3.6 s). */
const longestWordChars = 64

/** Tokens of all texts together. */
export async function estimateTokens(texts: readonly string[]): Promise<number> {
  const totalChars = texts.reduce((sum, text) => sum + text.length, 0)
  if (totalChars === 0) return 0
  const count = await tokenizer()
  const share = Math.min(1, mostCountedChars / totalChars)
  let tokens = 0
  let countedChars = 0
  let owedChars = 0
  for (const text of texts) {
    for (const piece of pieces(text)) {
      // Takes every piece, or evenly spread ones once there are too many.
      owedChars += piece.length * share
      if (share < 1 && owedChars < piece.length) continue
      owedChars -= piece.length
      tokens += count(piece)
      countedChars += piece.length
    }
  }
  return countedChars === 0 ? Math.ceil(totalChars / 4) : Math.ceil((tokens * totalChars) / countedChars)
}

function* pieces(text: string): Generator<string> {
  let start = 0
  while (start < text.length) {
    let piece = text.slice(start, start + pieceChars)
    const space = piece.lastIndexOf(' ')
    if (space > 0 && start + pieceChars < text.length) piece = piece.slice(0, space)
    start += piece.length
    if (!longWord.test(piece)) yield piece
    else for (let at = 0; at < piece.length; at += longestWordChars) yield piece.slice(at, at + longestWordChars)
  }
}

const longWord = new RegExp(`\\S{${longestWordChars}}`)

type CountTokens = (text: string) => number

let loading: Promise<CountTokens> | null = null

/**
 * Loads the tokenizer at the first estimate, which most gateways never make: it takes 63 MB and a third of a second.
 * Special tokens in a text are text: nobody can change a count by writing them.
 */
function tokenizer(): Promise<CountTokens> {
  loading ??= import('gpt-tokenizer/encoding/o200k_base').then(({ countTokens, setMergeCacheSize }) => {
    // The default keeps 100,000 words of other people's texts in memory.
    setMergeCacheSize(1_000)
    const asText = { disallowedSpecial: new Set<string>() }
    return (text) => countTokens(text, asText)
  })
  return loading
}
