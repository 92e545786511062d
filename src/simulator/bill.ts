import { type Counts, noCounts } from './counts.ts'
import { decimalText, listPrice, type Tier } from './price-list.ts'

/**
 * whole: the answer was handed to the network to its end. aborted: the client left before. broken: this provider broke
 * off by itself, as it was told to.
 */
export type Delivered = 'whole' | 'aborted' | 'broken'

/** One line of the bill: a request this provider took. A later line with the same `seq` replaces an earlier one. */
export interface BillEntry {
  readonly seq: number
  readonly atMs: number
  /** The id inside the answer. */
  readonly id: string
  /** `x-simulate-id` of the request, else its `x-request-id`, else null. */
  readonly requestHint: string | null
  /** First 16 hex digits of the SHA-256 of the credential that came. */
  readonly credential: string
  readonly api: string
  /** As the price list names it; empty where no model was asked. */
  readonly model: string
  readonly modelServed: string
  readonly stream: boolean
  readonly status: number
  readonly delivered: Delivered
  /** False where the answer hid its usage, as it was told to. */
  readonly usageShown: boolean
  readonly counts: Counts
  /** 1e-12 USD; null where the price list knows no price. */
  readonly costPicoUsd: bigint | null
}

/** Takes lines of the bill for good. `written` is called when the line is with the operating system. */
export interface BillSink {
  append(line: string, written: () => void): void
  close(): Promise<void>
}

interface BillTotal {
  readonly entries: number
  readonly costUsd: string
  readonly inputTokens: number
  readonly outputTokens: number
}

/** Keeps the latest entries in memory, all of them in the sink, and the exact total of all of them. */
export class Bill {
  readonly #sink: BillSink | null
  readonly #capacity: number
  readonly #entries = new Map<number, BillEntry>()
  #costPicoUsd = 0n
  #inputTokens = 0
  #outputTokens = 0
  #count = 0

  constructor(sink: BillSink | null, capacity = 100_000) {
    this.#sink = sink
    this.#capacity = capacity
  }

  /** Books an entry, or replaces the one of the same `seq`; `booked` is called once it is written. */
  book(entry: BillEntry, booked: () => void): void {
    const earlier = this.#entries.get(entry.seq)
    if (earlier) this.#add(earlier, -1)
    this.#add(entry, 1)
    this.#entries.set(entry.seq, entry)
    if (this.#entries.size > this.#capacity) this.#forgetOldest()
    if (this.#sink === null) booked()
    else this.#sink.append(`${entryText(entry)}\n`, booked)
  }

  entries(): IterableIterator<BillEntry> {
    return this.#entries.values()
  }

  total(): BillTotal {
    return {
      entries: this.#count,
      costUsd: decimalText(this.#costPicoUsd),
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
    }
  }

  async close(): Promise<void> {
    await this.#sink?.close()
  }

  #add(entry: BillEntry, sign: 1 | -1): void {
    this.#count += sign
    this.#inputTokens += sign * entry.counts.inputTokens
    this.#outputTokens += sign * entry.counts.outputTokens
    this.#costPicoUsd += BigInt(sign) * (entry.costPicoUsd ?? 0n)
  }

  #forgetOldest(): void {
    for (const seq of this.#entries.keys()) {
      this.#entries.delete(seq)
      break
    }
  }
}

/** The entry as one line of JSON; the cost as decimal text in USD. */
export function entryText(entry: BillEntry): string {
  const { costPicoUsd, ...rest } = entry
  return JSON.stringify({ ...rest, costUsd: costPicoUsd === null ? null : decimalText(costPicoUsd) })
}

/** Prices by counts already met: remembered answers share theirs, and live for a second. */
const known = new WeakMap<Counts, bigint>()

/** @returns 1e-12 USD by the list price, null where there is none. */
export function costOf(model: string, counts: Counts, atMs: number, tier?: Tier): bigint | null {
  if (model === '') return 0n
  const before = known.get(counts)
  if (before !== undefined) return before
  const cost = listPrice(model, counts, atMs, tier)
  if (cost !== null && counts !== noCounts) known.set(counts, cost)
  return cost
}
