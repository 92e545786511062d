import type { Counts } from './counts.ts'

/** USD per million tokens as decimal text of at most six places, unless the name says otherwise. */
interface Rates {
  readonly input: string
  readonly output: string
  readonly cached?: string
  readonly write5m?: string
  readonly write1h?: string
  readonly audioInput?: string
  readonly imageInput?: string
  readonly imageOutput?: string
  readonly webSearchPer1k?: string
  readonly audioPerHour?: string
  /** For the whole call, where its input is above so many tokens. */
  readonly longContext?: Rates & { readonly aboveTokens: number }
  /** Instead, from 00:30 to 16:30 UTC. */
  readonly daytime?: Rates
  /** Of the tier of this name, where the vendor states them: https://openai.com/api-priority-processing/ */
  readonly priority?: Rates
}

const search = { webSearchPer1k: '10' }
const claudeOpus = { input: '5', cached: '0.5', write5m: '6.25', write1h: '10', output: '25', ...search }
const claudeSonnet5 = { input: '2', cached: '0.2', write5m: '2.5', write1h: '4', output: '10', ...search }
const gemini3Pro = {
  ...{ input: '2', cached: '0.2', output: '12' },
  longContext: { aboveTokens: 200_000, input: '4', cached: '0.4', output: '18' },
}
const deepseekChat = { input: '0.135', cached: '0.035', output: '0.55' }

/**
 * This provider's public price list, by model name without its date. The amounts are the vendors' list prices as the
 * package @pydantic/genai-prices 0.1.8 states them, copied by hand: the bill must not come from the code it is to check.
 */
export const priceList: Readonly<Record<string, Rates>> = {
  'gpt-4.1': {
    input: '2',
    cached: '0.5',
    output: '8',
    ...search,
    priority: { input: '3.5', cached: '0.875', output: '14', ...search },
  },
  'gpt-4.1-mini': {
    input: '0.4',
    cached: '0.1',
    output: '1.6',
    ...search,
    priority: { input: '0.7', cached: '0.175', output: '2.8', ...search },
  },
  'gpt-4.1-nano': {
    input: '0.1',
    cached: '0.025',
    output: '0.4',
    priority: { input: '0.2', cached: '0.05', output: '0.8' },
  },
  'gpt-4o': {
    input: '2.5',
    cached: '1.25',
    output: '10',
    ...search,
    priority: { input: '4.25', cached: '2.125', output: '17', ...search },
  },
  'gpt-4o-mini': {
    input: '0.15',
    cached: '0.075',
    output: '0.6',
    ...search,
    priority: { input: '0.25', cached: '0.125', output: '1', ...search },
  },
  'gpt-4o-audio-preview': { input: '2.5', output: '10' },
  'gpt-5': {
    input: '1.25',
    cached: '0.125',
    output: '10',
    ...search,
    priority: { input: '2.5', cached: '0.25', output: '20', ...search },
  },
  'gpt-5-mini': {
    input: '0.25',
    cached: '0.025',
    output: '2',
    ...search,
    priority: { input: '0.45', cached: '0.045', output: '3.6', ...search },
  },
  'gpt-5-nano': { input: '0.05', cached: '0.005', output: '0.4', ...search },
  'gpt-5.1': {
    ...{ input: '1.25', cached: '0.125', output: '10', ...search },
    priority: { input: '2.5', cached: '0.25', output: '20', ...search },
  },
  'gpt-5.2': {
    ...{ input: '1.75', cached: '0.175', output: '14', ...search },
    priority: { input: '3.5', cached: '0.35', output: '28', ...search },
  },
  'gpt-5.3-codex': { input: '1.75', cached: '0.175', output: '14' },
  'gpt-5.4': {
    ...{ input: '2.5', cached: '0.25', output: '15', ...search },
    longContext: { aboveTokens: 271_999, input: '5', cached: '0.5', output: '22.5', ...search },
  },
  'gpt-5.4-mini': { input: '0.75', cached: '0.075', output: '4.5', ...search },
  'gpt-5.4-nano': { input: '0.2', cached: '0.02', output: '1.25', ...search },
  'gpt-5.5': {
    ...{ input: '5', cached: '0.5', output: '30', ...search },
    longContext: { aboveTokens: 271_999, input: '10', cached: '1', output: '45', ...search },
  },
  'gpt-6-sol': {
    ...{ input: '2', cached: '0.2', output: '10', ...search },
    longContext: { aboveTokens: 272_000, input: '4', cached: '0.4', output: '15', ...search },
  },
  'gpt-6-luna': {
    ...{ input: '0.1', cached: '0.01', output: '0.5', ...search },
    longContext: { aboveTokens: 272_000, input: '0.2', cached: '0.02', output: '0.75', ...search },
  },
  'o4-mini': {
    input: '1.1',
    cached: '0.275',
    output: '4.4',
    ...search,
    priority: { input: '2', cached: '0.5', output: '8', ...search },
  },
  o3: {
    input: '2',
    cached: '0.5',
    output: '8',
    ...search,
    priority: { input: '3.5', cached: '0.875', output: '14', ...search },
  },
  'gpt-3.5-turbo': { input: '0.5', output: '1.5' },
  'gpt-3.5-turbo-instruct': { input: '1.5', output: '2' },
  'text-embedding-3-small': { input: '0.02', output: '0' },
  'text-embedding-3-large': { input: '0.13', output: '0' },
  'gpt-image-1': { input: '5', cached: '1.25', imageInput: '10', output: '40' },
  'gpt-4o-mini-tts': { input: '0.6', output: '12' },
  'gpt-4o-transcribe': { input: '2.5', audioInput: '6', output: '10' },
  'gpt-4o-mini-transcribe': { input: '1.25', audioInput: '3', output: '5' },
  'whisper-1': { input: '0', output: '0', audioPerHour: '0.36' },
  'omni-moderation-latest': { input: '0', output: '0' },
  'claude-sonnet-4-5': {
    ...{ input: '3', cached: '0.3', write5m: '3.75', write1h: '6', output: '15', ...search },
    longContext: {
      aboveTokens: 200_000,
      input: '6',
      cached: '0.6',
      write5m: '7.5',
      write1h: '12',
      output: '22.5',
      ...search,
    },
  },
  'claude-haiku-4-5': { input: '1', cached: '0.1', write5m: '1.25', write1h: '2', output: '5', ...search },
  'claude-opus-4-5': claudeOpus,
  'claude-opus-4-6': claudeOpus,
  'claude-opus-4-8': claudeOpus,
  'claude-opus-5': claudeOpus,
  'claude-opus-5-5': { input: '4', cached: '0.2', write5m: '5', write1h: '8', output: '20', ...search },
  'claude-sonnet-4-6': { input: '3', cached: '0.3', write5m: '3.75', write1h: '6', output: '15', ...search },
  'claude-sonnet-5': claudeSonnet5,
  'claude-sonnet-5-5': claudeSonnet5,
  'gemini-2.0-flash': { input: '0.1', cached: '0.025', audioInput: '0.7', output: '0.4' },
  'gemini-2.5-flash': { input: '0.3', cached: '0.03', audioInput: '1', output: '2.5' },
  'gemini-2.5-pro': {
    ...{ input: '1.25', cached: '0.125', output: '10' },
    longContext: { aboveTokens: 200_000, input: '2.5', cached: '0.25', output: '15' },
  },
  'gemini-2.5-flash-lite': { input: '0.1', cached: '0.01', audioInput: '0.3', output: '0.4' },
  'gemini-2.5-flash-image': { input: '0.3', output: '2.5', imageOutput: '30' },
  'gemini-3-pro-preview': gemini3Pro,
  'gemini-3.1-pro-preview': gemini3Pro,
  'gemini-3.1-pro-preview-customtools': gemini3Pro,
  'gemini-3-flash-preview': { input: '0.5', cached: '0.05', audioInput: '1', output: '3' },
  'gemini-3.1-flash-lite': { input: '0.25', cached: '0.025', audioInput: '0.5', output: '1.5' },
  'gemini-3.5-flash': { input: '1.5', cached: '0.15', output: '9' },
  'gemini-3.5-flash-lite': { input: '0.3', cached: '0.03', output: '2.5' },
  'gemini-3.8-flash': { input: '0.75', cached: '0.075', output: '3.75' },
  'gemini-embedding-001': { input: '0.15', output: '0' },
  'deepseek-chat': { ...deepseekChat, daytime: { input: '0.27', cached: '0.07', output: '1.1' } },
  'deepseek-reasoner': { ...deepseekChat, daytime: { input: '0.55', cached: '0.14', output: '2.19' } },
  'deepseek-v3.2': { input: '0.2288', output: '0.3432' },
}

/** OpenAI's tiers beside the default one. */
export type Tier = 'flex' | 'priority'

/**
 * What a call costs in 1e-12 USD, exactly; null where the list has no price for the model. A kind of token without a
 * rate of its own costs what its whole costs (cached input as input, image output as output).
 */
export function listPrice(model: string, counts: Counts, atMs: number, tier?: Tier): bigint | null {
  const listed = priceList[model]
  const rates = tier === 'priority' ? listed?.priority : listed && ratesFor(listed, counts.inputTokens, atMs)
  if (rates === undefined) return null
  const input = perToken(rates.input)
  const output = perToken(rates.output)
  const own = (rate: string | undefined, whole: bigint) => (rate === undefined ? whole : perToken(rate))
  const parts: readonly (readonly [number, bigint])[] = [
    [counts.cachedInputTokens, own(rates.cached, input)],
    [counts.cacheWrite5mTokens, own(rates.write5m, input)],
    [counts.cacheWrite1hTokens, own(rates.write1h, input)],
    [counts.audioInputTokens, own(rates.audioInput, input)],
    [counts.imageInputTokens, own(rates.imageInput, input)],
  ]
  let rest = BigInt(counts.inputTokens)
  let total = 0n
  for (const [tokens, rate] of parts) {
    rest -= BigInt(tokens)
    total += BigInt(tokens) * rate
  }
  total += rest * input
  const images = BigInt(counts.imageOutputTokens)
  total += (BigInt(counts.outputTokens) - images) * output + images * own(rates.imageOutput, output)
  // For every model.
  if (tier === 'flex') total /= 2n
  total += (BigInt(counts.webSearches) * pico(rates.webSearchPer1k ?? '0')) / 1000n
  total += (BigInt(counts.audioSeconds) * pico(rates.audioPerHour ?? '0')) / 3600n
  return total
}

function ratesFor(listed: Rates, inputTokens: number, atMs: number): Rates {
  if (listed.longContext && inputTokens > listed.longContext.aboveTokens) return listed.longContext
  const minuteOfDay = Math.floor(atMs / 60_000) % 1440
  if (listed.daytime && minuteOfDay >= 30 && minuteOfDay < 990) return listed.daytime
  return listed
}

const picoByText = new Map<string, bigint>()

/** Decimal text → 1e-12 units. */
function pico(text: string): bigint {
  const known = picoByText.get(text)
  if (known !== undefined) return known
  const [whole = '0', fraction = ''] = text.split('.')
  const amount = BigInt(whole + fraction.padEnd(12, '0'))
  picoByText.set(text, amount)
  return amount
}

function perToken(ratePerMillion: string): bigint {
  return pico(ratePerMillion) / 1_000_000n
}

/** 1e-12 units → the shortest exact decimal text. */
export function decimalText(amountPico: bigint): string {
  const digits = amountPico.toString().padStart(13, '0')
  const fraction = digits.slice(-12).replace(/0+$/, '')
  return fraction === '' ? digits.slice(0, -12) : `${digits.slice(0, -12)}.${fraction}`
}
