import type { SettleEntry } from '#core/ledger/entry.ts'
import type { AlertEvent } from './alert.ts'
import { labelsOfCall } from './labels.ts'
import type { LiveThresholds } from './live-thresholds.ts'
import type { OpenAlerts } from './open-alerts.ts'

/** JSON as it stands: key id and prompt, times it was seen last, when it was told last. */
export type DuplicatePromptState = readonly (readonly [string, readonly number[], number | null])[]

interface Prompt {
  /** When it was seen, in the order of the journal; the last threshold + 1 of them. */
  seenAtMs: number[]
  toldAtMs: number | null
}

const hourMs = 3_600_000
/** Different prompts under watch. Where an hour has more, the least recently seen are forgotten, and count anew. */
const mostPrompts = 10_000
const mostTimes = 1000

/**
 * The same prompt of the same key more often than the threshold within any hour, by the times at which calls ended; once
 * per prompt and hour. Calls that were refused, failed or were answered from a cache are no duplicates: they cost
 * nothing. Thresholds of a thousand and more are taken for a thousand.
 */
export class DuplicatePrompt {
  readonly #open: OpenAlerts
  readonly #threshold: number | null
  /** Least recently seen first. */
  readonly #prompts: Map<string, Prompt>

  constructor(open: OpenAlerts, live: LiveThresholds, state: DuplicatePromptState = []) {
    this.#open = open
    this.#threshold = live.duplicatePrompts === null ? null : Math.min(live.duplicatePrompts, mostTimes)
    this.#prompts = new Map(state.map(([name, seenAtMs, toldAtMs]) => [name, { seenAtMs: [...seenAtMs], toldAtMs }]))
  }

  take(entry: SettleEntry): AlertEvent[] {
    const threshold = this.#threshold
    const { call, endedAtMs } = entry
    if (threshold === null || call.promptHash === '' || !costs(entry)) return []
    const name = JSON.stringify([call.keyId, call.promptHash])
    const prompt = this.#see(name, endedAtMs, threshold + 1)
    const count = prompt.seenAtMs.filter((atMs) => Math.abs(endedAtMs - atMs) < hourMs).length
    if (count <= threshold) return []
    if (prompt.toldAtMs !== null && Math.abs(endedAtMs - prompt.toldAtMs) < hourMs) return []
    prompt.toldAtMs = endedAtMs
    // Time ended the last one, but for calls whose time others say: those end nothing by it.
    const before = this.#open.end('duplicate_prompt', name, { atMs: endedAtMs, reason: 'time_over' })
    return [...before, this.#begin(entry, name, { count, threshold })]
  }

  state(): DuplicatePromptState {
    return [...this.#prompts].map(([name, { seenAtMs, toldAtMs }]) => [name, [...seenAtMs], toldAtMs])
  }

  #see(name: string, atMs: number, most: number): Prompt {
    const prompt = this.#prompts.get(name) ?? { seenAtMs: [], toldAtMs: null }
    prompt.seenAtMs.push(atMs)
    prompt.seenAtMs = prompt.seenAtMs.slice(-most)
    this.#prompts.delete(name)
    this.#prompts.set(name, prompt)
    const [oldest] = this.#prompts.keys()
    if (this.#prompts.size > mostPrompts && oldest !== undefined) this.#prompts.delete(oldest)
    return prompt
  }

  #begin(entry: SettleEntry, name: string, seen: { count: number; threshold: number }): AlertEvent {
    const { call, endedAtMs } = entry
    return this.#open.begin({
      type: 'duplicate_prompt',
      key: name,
      severity: 'info',
      labels: labelsOfCall(entry),
      facts: {
        key: call.keyId,
        prompt_hash: call.promptHash,
        count: String(seen.count),
        threshold: String(seen.threshold),
        model: call.modelRouted,
        call_id: call.callId,
        request_id: call.requestId,
      },
      atMs: endedAtMs,
      cause: call.callId,
      until: { atMs: endedAtMs + hourMs, reason: 'time_over' },
    })
  }
}

function costs({ outcome, cacheHit }: SettleEntry): boolean {
  return outcome !== 'refused' && outcome !== 'failed' && !cacheHit
}
