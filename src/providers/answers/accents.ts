/**
 * How a vendor's answers deviate from the dialect they speak. Most do not. Each row rests on recorded traffic; the
 * numbers are the points of the metering notes that the project's exchanges cover.
 */
export interface Accent {
  readonly name: AccentName
  /** The vendor's API hosts, with their subdomains. */
  readonly hosts: readonly string[]
  /**
   * Where chat completions count reasoning.
   * inside: in `completion_tokens`, as OpenAI does.
   * beside-by-total: beside it, unless `total_tokens` says otherwise (12: xAI).
   * beside: beside it, the total may leave it out as well (12).
   * rest-of-total: nowhere; it is what `total_tokens` exceeds the parts by (16: Gemini's OpenAI endpoint).
   */
  readonly reasoning: 'inside' | 'beside-by-total' | 'beside' | 'rest-of-total'
  /** Models of another maker behind the same address, by their prefix: what holds for them whatever `reasoning` says. */
  readonly reasoningOf?: { readonly prefix: string; readonly reasoning: Accent['reasoning'] }
  /** `prompt_tokens` leaves audio out where the total says so (12: Mistral). */
  readonly audioBesidePrompt?: true
  /** Its streams report usage unasked, and to be asked by `stream_options` is an error to it (422). */
  readonly reportsUnasked?: true
  /** Its streams end with `finish_reason`: no `[DONE]` follows. */
  readonly endsWithoutDone?: true
}

export type AccentName = 'plain' | 'xai' | 'google' | 'vercel' | 'mistral' | 'perplexity' | 'simulated'

export const plainAccent: Accent = { name: 'plain', hosts: [], reasoning: 'inside' }

const accents: readonly Accent[] = [
  { name: 'xai', hosts: ['x.ai'], reasoning: 'beside-by-total' },
  { name: 'google', hosts: ['googleapis.com'], reasoning: 'rest-of-total' },
  // 12: a gateway in front of Gemini.
  {
    name: 'vercel',
    hosts: ['ai-gateway.vercel.sh'],
    reasoning: 'inside',
    reasoningOf: { prefix: 'google/', reasoning: 'beside' },
  },
  { name: 'mistral', hosts: ['mistral.ai'], reasoning: 'inside', audioBesidePrompt: true, reportsUnasked: true },
  { name: 'perplexity', hosts: ['perplexity.ai'], reasoning: 'beside', endsWithoutDone: true },
  // It answers as each model's maker does, so that tests meet what they will meet there.
  {
    name: 'simulated',
    hosts: [],
    reasoning: 'inside',
    reasoningOf: { prefix: 'gemini-', reasoning: 'rest-of-total' },
  },
]

/** The accent of a configured provider: by its kind, else by the host of its base URL. */
export function accentOf(provider: { readonly kind: string; readonly baseUrl: string | null }): Accent {
  if (provider.kind === 'google' || provider.kind === 'simulated') return accentNamed(provider.kind)
  if (provider.kind !== 'openai-compatible' || provider.baseUrl === null) return plainAccent
  const host = URL.parse(provider.baseUrl)?.hostname ?? ''
  return (
    accents.find((accent) => accent.hosts.some((known) => host === known || host.endsWith(`.${known}`))) ?? plainAccent
  )
}

export function accentNamed(name: AccentName): Accent {
  return accents.find((accent) => accent.name === name) ?? plainAccent
}
