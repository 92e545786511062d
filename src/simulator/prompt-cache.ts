import { hash32 } from './random.ts'

/** How a vendor caches prompts by itself. */
interface PrefixRule {
  /** Shorter prompts are not cached. */
  readonly minimumTokens: number
  /** Cached prefixes grow in steps of so many tokens. */
  readonly stepTokens: number
}

export const openaiPrefixes: PrefixRule = { minimumTokens: 1024, stepTokens: 128 }
export const deepseekPrefixes: PrefixRule = { minimumTokens: 64, stepTokens: 64 }
export const googlePrefixes: PrefixRule = { minimumTokens: 1024, stepTokens: 1 }

const maxEntries = 200_000

/** Remembers which prompt prefixes were seen, by credential and model, until a time. Oldest out first when full. */
export class PromptCache {
  readonly #expiryMs = new Map<string, number>()

  /**
   * Tokens of `text` that an earlier call had already brought; afterwards all of it is remembered. Counts as
   * `countTokens` does: four UTF-16 units a token.
   */
  readPrefix(scope: string, text: string, rule: PrefixRule, nowMs: number): number {
    if (text.length < rule.minimumTokens * 4) return 0
    const stepLength = Math.max(rule.stepTokens, 32) * 4
    let hash = 0
    let seenLength = 0
    for (let end = stepLength; end <= text.length; end += stepLength) {
      hash = hash32(text.slice(end - stepLength, end), hash)
      const key = `${scope}|${end}|${hash}`
      if (seenLength === end - stepLength && this.#has(key, nowMs)) seenLength = end
      this.keep(key, nowMs + 600_000)
    }
    const tokens = seenLength / 4
    return tokens >= rule.minimumTokens ? tokens : 0
  }

  has(key: string, nowMs: number): boolean {
    return this.#has(key, nowMs)
  }

  keep(key: string, untilMs: number): void {
    this.#expiryMs.delete(key)
    this.#expiryMs.set(key, untilMs)
    if (this.#expiryMs.size <= maxEntries) return
    for (const oldest of this.#expiryMs.keys()) {
      this.#expiryMs.delete(oldest)
      break
    }
  }

  #has(key: string, nowMs: number): boolean {
    const untilMs = this.#expiryMs.get(key)
    return untilMs !== undefined && untilMs > nowMs
  }
}
