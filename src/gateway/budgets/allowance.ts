/** What is held for an answer, as far as the allowance is concerned. */
export interface ExtendableHold {
  readonly heldPicoUsd: bigint
  /** False, with nothing changed, where a budget has not that much left. */
  extend(picoUsd: bigint, tokens: number): boolean
  /** Which budget has not that much left; null where all have. */
  shortOf(picoUsd: bigint, tokens: number): { readonly budget: string } | null
}

/** A budget had nothing left for the rest of an answer. */
export interface Cut {
  readonly budget: string
  readonly message: string
}

interface AllowanceParts {
  readonly hold: ExtendableHold
  /** The most that the call can cost with so many tokens of output; never falls with them. */
  readonly boundPicoUsd: (outputTokens: number) => bigint
  /** Tokens of output that the hold covers at the start. */
  readonly coveredTokens: number
  /** More than this the answer cannot have. */
  readonly mostTokens: number
  /** The budget that is nearly used up. */
  readonly budget: string
  /** The most tokens that a text of output can be, counted. */
  readonly countTokens: (text: string) => Promise<number>
}

/** How much more than is needed is asked for at once, so that not every chunk has to ask. */
const stepTokens = 512
/** Text that was not counted yet is worth counting from so many bytes on. */
const leastUncountedBytes = 64

/**
 * What a stream may still have of a budget that is nearly used up: its hold grows as tokens flow. A token is at least
 * one byte, so an answer's bytes bound its tokens without counting them; where that bound is too much for the budget,
 * what has come is counted.
 *
 * It ends the stream while what is held still covers one more chunk as large as the largest so far: the budget is
 * exceeded only by a chunk larger than all before it, and by no more than that chunk.
 */
export class StreamAllowance {
  readonly #parts: AllowanceParts
  #budget: string
  #coveredTokens: number
  #seenBytes = 0
  #largestBytes = 0
  #countedBytes = 0
  #countedTokens = 0

  constructor(parts: AllowanceParts) {
    this.#parts = parts
    this.#budget = parts.budget
    this.#coveredTokens = parts.coveredTokens
  }

  /** Why it was ended: the budget that had nothing left. */
  get cut(): Cut {
    return { budget: this.#budget, message: `The budget "${this.#budget}" was used up while this answer was written.` }
  }

  /** Whether the answer may go on, of which so many bytes of output have come. */
  covers(outputBytes: number): boolean {
    this.#largestBytes = Math.max(this.#largestBytes, outputBytes - this.#seenBytes)
    this.#seenBytes = outputBytes
    const boundTokens = this.#countedTokens + outputBytes - this.#countedBytes
    const needed = Math.min(boundTokens + this.#largestBytes, this.#parts.mostTokens)
    return needed <= this.#coveredTokens || this.#cover(needed + stepTokens) || this.#cover(needed)
  }

  /** Whether counting could show that it may go on. */
  isWorthCounting(outputBytes: number): boolean {
    return outputBytes - this.#countedBytes >= leastUncountedBytes
  }

  /** Counts the output so far, of which the text is all. */
  async count(text: string, outputBytes: number): Promise<void> {
    const tokens = await this.#parts.countTokens(text)
    if (tokens > this.#countedTokens + outputBytes - this.#countedBytes) return
    this.#countedTokens = tokens
    this.#countedBytes = outputBytes
  }

  #cover(wantedTokens: number): boolean {
    const { hold, boundPicoUsd, mostTokens } = this.#parts
    const tokens = Math.min(wantedTokens, mostTokens)
    const missing = boundPicoUsd(tokens) - hold.heldPicoUsd
    const more = missing > 0n ? missing : 0n
    if (!hold.extend(more, tokens - this.#coveredTokens)) {
      this.#budget = hold.shortOf(more, tokens - this.#coveredTokens)?.budget ?? this.#budget
      return false
    }
    this.#coveredTokens = tokens
    return true
  }
}
