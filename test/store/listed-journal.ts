import type { JournalBlock, JournalPosition, OpenSource } from '#store/ingest/source.ts'

/** A journal that stands in memory, behind the same door as the one on disk. */
export class ListedJournal {
  readonly #blocks: JournalBlock[] = []

  append(lines: readonly string[]): void {
    const blockNo = this.#blocks.length + 1
    this.#blocks.push({ blockNo, lines, after: { segment: 'listed', offset: blockNo, blockNo } })
  }

  readonly open: OpenSource = async (position: JournalPosition | null) => {
    let next = position?.blockNo ?? 0
    return {
      next: async (maxEntries) => {
        const taken: JournalBlock[] = []
        for (let entries = 0; next < this.#blocks.length && (taken.length === 0 || entries < maxEntries); next++) {
          const block = this.#blocks[next]
          if (block === undefined) break
          taken.push(block)
          entries += block.lines.length
        }
        return taken
      },
      close: async () => undefined,
    }
  }
}
