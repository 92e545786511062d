import type { Decimal } from '#core/money/decimal.ts'
import type { TokenKind } from '#core/usage/counts.ts'
import type { UnitName } from '#core/usage/units.ts'

/** What a price list may have a rate for. */
export const rateNames = [
  'input',
  'input_text',
  'input_audio',
  'input_image',
  'input_video',
  'cached',
  'cached_text',
  'cached_audio',
  'cached_image',
  'cached_video',
  'cache_write',
  'cache_write_5m',
  'cache_write_1h',
  'output',
  'output_text',
  'output_audio',
  'output_image',
  'output_video',
  'reasoning',
  'request',
  'request_low',
  'request_medium',
  'web_search',
  'web_search_preview',
  'file_search',
  'citation_token',
  'search_unit',
  'code_execution',
  'audio_second',
] as const

export type RateName = (typeof rateNames)[number]

/** So much money for so many tokens or units. */
export interface ListRate {
  readonly amount: Decimal
  /** The amount buys this many: 1,000,000 for a rate per million tokens, 3,600 for seconds at a rate per hour. */
  readonly per: number
  /**
   * Context tiers: once the whole input of the request is above `overTokens`, all of its tokens cost this amount.
   * Ascending.
   */
  readonly above?: readonly { readonly overTokens: number; readonly amount: Decimal }[]
}

export type RateCard = Readonly<Partial<Record<RateName, ListRate>>>

export type CostPart = 'input' | 'cachedInput' | 'cacheWrite' | 'output' | 'other'

/** How a kind of token is priced: the first rate of the chain that the price list has. */
interface TokenPricing {
  readonly kind: TokenKind
  readonly part: CostPart
  readonly chain: readonly RateName[]
}

/**
 * Where there is no special rate the one of its direction holds, as in every provider's list. A cached token of
 * sound or image falls back to its modality before it falls back to cached text, so that nothing is booked too low.
 */
export const tokenPricing: readonly TokenPricing[] = [
  { kind: 'textInput', part: 'input', chain: ['input_text', 'input'] },
  { kind: 'audioInput', part: 'input', chain: ['input_audio', 'input'] },
  { kind: 'imageInput', part: 'input', chain: ['input_image', 'input'] },
  { kind: 'videoInput', part: 'input', chain: ['input_video', 'input'] },
  { kind: 'textCached', part: 'cachedInput', chain: ['cached_text', 'cached', 'input_text', 'input'] },
  { kind: 'audioCached', part: 'cachedInput', chain: ['cached_audio', 'input_audio', 'cached', 'input'] },
  { kind: 'imageCached', part: 'cachedInput', chain: ['cached_image', 'input_image', 'cached', 'input'] },
  { kind: 'videoCached', part: 'cachedInput', chain: ['cached_video', 'input_video', 'cached', 'input'] },
  { kind: 'cacheWrite5m', part: 'cacheWrite', chain: ['cache_write_5m', 'cache_write', 'input_text', 'input'] },
  { kind: 'cacheWrite1h', part: 'cacheWrite', chain: ['cache_write_1h'] },
  { kind: 'textOutput', part: 'output', chain: ['output_text', 'output'] },
  { kind: 'reasoning', part: 'output', chain: ['reasoning', 'output_text', 'output'] },
  { kind: 'audioOutput', part: 'output', chain: ['output_audio', 'output'] },
  { kind: 'imageOutput', part: 'output', chain: ['output_image', 'output'] },
  { kind: 'videoOutput', part: 'output', chain: ['output_video', 'output'] },
]

interface BilledUnit {
  readonly unit: UnitName
  readonly rate: RateName
  /** Holds where the list has no rate of the unit's own. */
  readonly like?: RateName
}

/**
 * Units that cost money by themselves. `web_fetch` is not here: it is free beside its tokens
 * (https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-fetch-tool), so a call with fetches is not unpriced.
 */
export const billedUnits: readonly BilledUnit[] = [
  { unit: 'web_search', rate: 'web_search' },
  { unit: 'web_search_preview', rate: 'web_search_preview', like: 'web_search' },
  { unit: 'file_search', rate: 'file_search' },
  { unit: 'citation_token', rate: 'citation_token' },
  { unit: 'search_unit', rate: 'search_unit' },
  { unit: 'code_execution', rate: 'code_execution' },
  { unit: 'audio_second', rate: 'audio_second' },
  { unit: 'request', rate: 'request' },
  { unit: 'request_low', rate: 'request_low', like: 'request' },
  { unit: 'request_medium', rate: 'request_medium', like: 'request' },
]
