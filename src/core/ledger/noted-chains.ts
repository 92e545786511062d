import type { Chain } from './chain.ts'

/** A place between two frames of a journal, with the state of the hash chain there. */
export interface NotedChain {
  /** Number of the block behind the place. */
  readonly nextBlock: number
  readonly chain: Chain
}

/**
 * Holds a walk along a journal to the chains that were noted of it. A chain that was computed anew is sound by itself:
 * only what was noted before tells it from the one that was written.
 */
export class NotedChains {
  /** Not passed yet, nearest first. */
  #ahead: NotedChain[]
  /** Passed with another chain. */
  readonly #broken: NotedChain[] = []

  /** @param firstBlock where the walk begins: of what was noted before it nothing can be said. */
  constructor(noted: readonly NotedChain[], firstBlock: number) {
    this.#ahead = noted
      .filter(({ nextBlock }) => nextBlock >= firstBlock)
      .sort((one, other) => one.nextBlock - other.nextBlock)
  }

  get ahead(): readonly NotedChain[] {
    return this.#ahead
  }

  /** Those that do not hold; `ahead`, once the walk is over, belongs to them. */
  get broken(): readonly NotedChain[] {
    return this.#broken
  }

  /**
   * The walk has come to this place: every one, in order. A block's number stands for two of them where a segment
   * begins, before its header and behind it; one of them has to have the chain. Returns whether one was passed in vain.
   */
  pass(place: NotedChain): boolean {
    if (this.#ahead.length === 0) return false
    const before = this.#broken.length
    this.#ahead = this.#ahead.filter((noted) => {
      if (noted.nextBlock === place.nextBlock) return noted.chain !== place.chain
      if (noted.nextBlock < place.nextBlock) this.#broken.push(noted)
      return noted.nextBlock > place.nextBlock
    })
    return this.#broken.length > before
  }
}
