import type { ReportedUsage } from '#core/usage/reported.ts'
import type { AccentName } from '#providers/answers/accents.ts'
import type { AnswerSource } from '#providers/answers/formats.ts'
import type { ProviderError } from '#providers/meter.ts'

/** The numbered points of what providers report; each has at least one exchange here. */
export const points = {
  1: "Anthropic's input_tokens leaves out cache reads and writes; everyone else's input includes them",
  2: 'several iterations are summed, each by its own model; a single one is not added again',
  3: "message_delta replaces what message_start said, field by field; message_start's output is provisional",
  4: 'the split of cache writes may stand only in message_start, or the total outgrow it',
  5: 'an error event comes in the middle of an Anthropic stream of status 200',
  6: 'prompt_tokens includes cached and written tokens',
  7: 'usage in several chunks, the same or growing: the last one counts',
  8: 'an empty choices array is no sign of usage, and a usage chunk may carry a choice',
  9: 'Groq may report in x_groq only, and break the same numbers down',
  10: 'Responses: usage comes with the last event; incomplete ones may say zero, queued ones nothing',
  11: 'streams of status 200 carry errors: with usage, without, or as bare JSON',
  12: 'reasoning or audio beside the counts that should hold them, for vendors known to do so',
  13: 'numbers that contradict each other are kept as reported, cut when they are counted, and marked',
  14: 'Gemini: thinking comes on top of the candidates, tool use on top of the prompt',
  15: 'Gemini: fields may be absent, details need not add up, the last report of a stream counts',
  16: "Gemini's OpenAI endpoint shows thinking only as what the total exceeds the parts by",
  17: 'Gemini: the model may be named in the URL only, a stream may be an array, lines may end in CRLF',
  18: 'searches, pages and containers are counted beside tokens, wherever they are told',
  19: 'the tier, traffic type and place that the answer names',
  20: 'billed units, billed seconds, and answers without usage',
  21: "the provider's own statement of the cost, to the last digit",
} as const

export type Point = keyof typeof points

/** An exchange as this project wrote it, in the shapes that providers use, and what is to be read from it. */
export interface Exchange {
  readonly points: readonly Point[]
  readonly name: string
  readonly api: AnswerSource['api']
  readonly accent?: AccentName
  /** 200 by default. */
  readonly status?: number
  readonly stream: boolean
  readonly body: string
  readonly expected: {
    readonly model: string | null
    /** Every field, and no other. */
    readonly usage: ReportedUsage | null
    readonly error?: ProviderError
    readonly status?: string
    readonly serviceTier?: string
    readonly outputText?: string
    /** For streams: true where the stream ends as its protocol says. True by default. */
    readonly complete?: boolean
  }
  /** What counting the usage marks; none by default. */
  readonly marks?: readonly string[]
}

/** Events without names, as OpenAI sends them. */
export function events(...jsons: readonly unknown[]): string {
  return jsons.map((json) => `data: ${typeof json === 'string' ? json : JSON.stringify(json)}\n\n`).join('')
}

/** Events named by their `type`, as Anthropic sends them. */
export function typedEvents(...jsons: readonly { readonly type: string }[]): string {
  return jsons.map((json) => `event: ${json.type}\ndata: ${JSON.stringify(json)}\n\n`).join('')
}
