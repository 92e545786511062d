import type { UpstreamFaultCode } from '#ports.ts'
import { Chance } from './chance.ts'

/** What one attempt at the upstream comes to. */
export interface AttemptPlan {
  readonly headDelayMs: number
  /** Null = an answer. */
  readonly faultBeforeHead: UpstreamFaultCode | null
  readonly status: number
  readonly contentType: 'application/json' | 'text/event-stream'
  readonly retryAfterMs: number | null
  readonly pieces: readonly { readonly delayMs: number; readonly text: string }[]
  /** Null = the answer ends as it should after its last piece. */
  readonly faultAtEnd: UpstreamFaultCode | null
}

export interface CallPlan {
  readonly index: number
  readonly dialect: 'openai' | 'anthropic'
  readonly stream: boolean
  readonly arrivesAtMs: number
  readonly bodyDelayMs: number
  readonly attempts: readonly AttemptPlan[]
  /** What the upstream reports at the end of a whole answer; null = it reports nothing. */
  readonly usage: { readonly input: number; readonly output: number } | null
  /** When the caller leaves after its arrival; null = never. */
  readonly leavesAfterMs: number | null
  /** How long the caller does not read after a chunk, and how often. */
  readonly slowRatio: number
  readonly slowMs: number
}

/** How a run is troubled beside its calls. */
export interface RunPlan {
  readonly seed: number
  readonly fsync: 'group' | 'each' | 'none'
  readonly calls: readonly CallPlan[]
  /** When the gateway is told to stop, and how long calls may take then. */
  readonly drain: { readonly atMs: number; readonly deadlineMs: number } | null
  /** Between these times every so-manieth change of the disk fails. */
  readonly diskTrouble: {
    readonly fromMs: number
    readonly untilMs: number
    readonly code: 'EIO' | 'ENOSPC'
    readonly every: number
  } | null
  /** When the clock on the wall is set, and how far, back or ahead. */
  readonly clockSteps: readonly { readonly atMs: number; readonly byMs: number }[]
  /** The process dies at this step: an event of an upstream, an answer to a caller, a change of the disk. */
  readonly diesAtStep: number | null
  /** Of the last write, how much reaches the disk. */
  readonly lastWriteRatio: number
}

export function planRun(seed: number): RunPlan {
  const chance = new Chance(seed)
  const calls = Array.from({ length: chance.whole(1, 5) }, (_, index) => planCall(index, chance))
  return {
    seed,
    fsync: chance.of(['group', 'group', 'each', 'none']),
    calls,
    drain: chance.happens(0.3) ? { atMs: chance.whole(0, 400), deadlineMs: chance.whole(0, 300) } : null,
    diskTrouble: chance.happens(0.25) ? planTrouble(chance) : null,
    clockSteps: planClock(new Chance(seed ^ 0xc10c)),
    diesAtStep: chance.happens(0.35) ? chance.whole(1, 120) : null,
    lastWriteRatio: chance.of([0, 0.4, 0.95, 1]),
  }
}

const dayMs = 86_400_000

/** From its own chance, so that the rest of a seed's plan stays what it was. */
function planClock(chance: Chance): RunPlan['clockSteps'] {
  if (!chance.happens(0.4)) return []
  return Array.from({ length: chance.whole(1, 4) }, () => ({
    atMs: chance.whole(0, 500),
    byMs: chance.of([1, -1]) * chance.of([chance.whole(1, 400), 3_600_000, 40 * dayMs, 400 * dayMs]),
  }))
}

function planTrouble(chance: Chance): NonNullable<RunPlan['diskTrouble']> {
  const fromMs = chance.whole(0, 300)
  return {
    fromMs,
    untilMs: fromMs + chance.whole(1, 2_000),
    code: chance.of(['EIO', 'ENOSPC']),
    every: chance.whole(1, 3),
  }
}

function planCall(index: number, chance: Chance): CallPlan {
  const dialect = chance.of<CallPlan['dialect']>(['openai', 'anthropic'])
  const stream = chance.happens(0.6)
  const usage = chance.happens(0.85) ? { input: chance.whole(1, 5000), output: chance.whole(1, 900) } : null
  const last = planAnswer({ dialect, stream, usage, chance })
  return {
    index,
    dialect,
    stream,
    arrivesAtMs: chance.whole(0, 300),
    bodyDelayMs: chance.of([0, 0, 1, 20]),
    attempts: [...Array.from({ length: chance.of([0, 0, 0, 1, 2, 4]) }, () => planRefusal(chance)), last],
    usage,
    leavesAfterMs: chance.happens(0.25) ? chance.whole(0, 400) : null,
    slowRatio: chance.of([0, 0, 0.3, 0.9]),
    slowMs: chance.whole(1, 200),
  }
}

/** An attempt that is worth another. */
function planRefusal(chance: Chance): AttemptPlan {
  const fault = chance.happens(0.4) ? chance.of(['connect_failed', 'connect_timeout', 'reset'] as const) : null
  return {
    headDelayMs: chance.whole(0, 30),
    faultBeforeHead: fault,
    status: chance.of([408, 409, 429, 500, 502, 503, 504, 529]),
    contentType: 'application/json',
    retryAfterMs: chance.happens(0.3) ? chance.whole(0, 400) : null,
    pieces: [{ delayMs: chance.whole(0, 5), text: '{"error":{"message":"later","type":"server_error"}}' }],
    faultAtEnd: chance.happens(0.1) ? 'reset' : null,
  }
}

interface AnswerWish {
  readonly dialect: CallPlan['dialect']
  readonly stream: boolean
  readonly usage: CallPlan['usage']
  readonly chance: Chance
}

function planAnswer(wish: AnswerWish): AttemptPlan {
  const { chance } = wish
  const text = wish.stream ? streamText(wish) : wholeText(wish)
  const fails = chance.happens(0.15)
  const cutAt = fails ? chance.whole(0, text.length) : text.length
  return {
    headDelayMs: chance.whole(0, 60),
    faultBeforeHead: chance.happens(0.04) ? chance.of(['first_byte_timeout', 'bad_answer'] as const) : null,
    status: 200,
    contentType: wish.stream ? 'text/event-stream' : 'application/json',
    retryAfterMs: null,
    pieces: pieces(text.slice(0, cutAt), chance),
    faultAtEnd: fails ? chance.of(['reset', 'idle_timeout', 'bad_answer'] as const) : null,
  }
}

/** Cut anywhere, sometimes into single bytes, and sometimes several of them at the same instant. */
function pieces(text: string, chance: Chance): AttemptPlan['pieces'] {
  const found: { delayMs: number; text: string }[] = []
  const longest = chance.of([7, 60, 400, 5_000])
  for (let at = 0; at < text.length; ) {
    const size = chance.whole(1, longest)
    found.push({ delayMs: chance.of([0, 0, 1, 10, 40]), text: text.slice(at, at + size) })
    at += size
  }
  return found
}

function wholeText({ dialect, usage }: AnswerWish): string {
  if (dialect === 'openai') {
    const counts = usage && { prompt_tokens: usage.input, completion_tokens: usage.output }
    const choices = [{ index: 0, message: { role: 'assistant', content: 'A whole answer.' }, finish_reason: 'stop' }]
    return JSON.stringify({ id: 'c', model: 'gpt-4.1-mini', choices, ...(counts && { usage: counts }) })
  }
  const counts = usage && { input_tokens: usage.input, output_tokens: usage.output }
  const content = [{ type: 'text', text: 'A whole answer.' }]
  return JSON.stringify({
    id: 'm',
    type: 'message',
    model: 'claude-haiku-4-5',
    content,
    ...(counts && { usage: counts }),
  })
}

function streamText({ dialect, usage, chance }: AnswerWish): string {
  const words = Array.from({ length: chance.whole(0, 6) }, (_, i) => ` word${i}`)
  return dialect === 'openai' ? openaiStream(words, usage) : anthropicStream(words, usage)
}

function openaiStream(words: readonly string[], usage: CallPlan['usage']): string {
  const chunk = (delta: object, more: object = {}) =>
    `data: ${JSON.stringify({ id: 'c', model: 'gpt-4.1-mini', choices: [{ index: 0, delta, finish_reason: null, ...more }] })}\n\n`
  const counts = usage && { prompt_tokens: usage.input, completion_tokens: usage.output }
  const last = counts
    ? `data: ${JSON.stringify({ id: 'c', model: 'gpt-4.1-mini', choices: [], usage: counts })}\n\n`
    : ''
  const said = words.map((content) => chunk({ content })).join('')
  return `${chunk({ role: 'assistant' })}${said}${chunk({}, { finish_reason: 'stop' })}${last}data: [DONE]\n\n`
}

function anthropicStream(words: readonly string[], usage: CallPlan['usage']): string {
  const event = (type: string, body: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`
  const start = usage ? { usage: { input_tokens: usage.input, output_tokens: 1 } } : {}
  const end = usage ? { usage: { output_tokens: usage.output } } : {}
  return [
    event('message_start', { message: { id: 'm', type: 'message', model: 'claude-haiku-4-5', content: [], ...start } }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...words.map((text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason: 'end_turn' }, ...end }),
    event('message_stop', {}),
  ].join('')
}
