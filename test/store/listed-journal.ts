import { JournalBlock, type JournalPosition, type OpenSource } from '#store/ingest/source.ts'

/** A journal that stands in memory, behind the same door as the one on disk. */
export class ListedJournal {
  readonly #blocks: JournalBlock[] = []

  append(lines: readonly string[]): void {
    const blockNo = this.#blocks.length + 1
    const after = { segment: 'listed', offset: blockNo, blockNo }
    this.#blocks.push(blockOfLines(lines, after))
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
          entries += block.lineCount
        }
        return taken
      },
      end: () => ({ segment: 'listed', offset: this.#blocks.length }),
      close: async () => undefined,
    }
  }
}

export function blockOfLines(lines: readonly string[], after: JournalPosition): JournalBlock {
  return new JournalBlock(Buffer.from(`${lines.join('\n')}\n`), lines.length, after)
}
