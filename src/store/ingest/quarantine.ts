import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** An entry of the journal that cannot be a row of the store, with the reason. */
interface QuarantinedEntry {
  readonly blockNo: number
  readonly entryNo: number
  readonly reason: string
  readonly line: string
}

/**
 * Where entries go that the store cannot take: a file of JSON lines, so that none is lost or skipped unseen and the
 * ones behind it are not kept waiting. An entry that is read again after a restart is in it once.
 */
export class Quarantine {
  readonly #path: string
  readonly #known: Set<string>

  constructor(path: string) {
    this.#path = path
    this.#known = knownEntries(path)
  }

  get size(): number {
    return this.#known.size
  }

  /** False where it is there already. */
  add(entry: QuarantinedEntry): boolean {
    const key = keyOf(entry.blockNo, entry.entryNo)
    if (this.#known.has(key)) return false
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`, { mode: 0o600 })
    this.#known.add(key)
    return true
  }
}

function knownEntries(path: string): Set<string> {
  const known = new Set<string>()
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return known
    throw error
  }
  for (const [, block, entry] of text.matchAll(/^\{"blockNo":(\d+),"entryNo":(\d+),/gm)) {
    known.add(keyOf(Number(block), Number(entry)))
  }
  return known
}

function keyOf(blockNo: number, entryNo: number): string {
  return `${blockNo}/${entryNo}`
}
