import type { OpenEntry } from '#core/ledger/entry.ts'

/** The open entry of a Responses job that runs on at the provider after its first answer. */
export interface JobEntry extends OpenEntry {
  readonly responseId: string
}

export function isJob(entry: OpenEntry): entry is JobEntry {
  return entry.responseId !== undefined
}

/** More than this is nobody's real traffic: the journal carries the entry of every one of them along. */
const mostPending = 10_000

/** OpenAI keeps responses for 30 days: https://platform.openai.com/docs/guides/your-data. */
const longestMs = 30 * 24 * 60 * 60 * 1000

/**
 * Jobs that were begun and whose result nobody has fetched yet. The journal is their memory: each is an open entry
 * there until it is settled, so they survive a restart, and what is taken from here is settled once.
 */
export class BackgroundJobs {
  readonly #pending = new Map<string, JobEntry>()
  /** None of them was begun before. */
  #oldestAtMs = Number.POSITIVE_INFINITY
  /** By name: what is being written of jobs that were taken. */
  readonly #settling = new Map<string, Promise<unknown>>()
  /** By name: how many read the results just now. */
  readonly #readers = new Map<string, number>()

  constructor(recovered: readonly JobEntry[] = []) {
    for (const job of recovered) this.add(job)
  }

  get count(): number {
    return this.#pending.size
  }

  add(job: JobEntry): void {
    this.#pending.set(nameOf(job.call.upstream, job.responseId), job)
    this.#oldestAtMs = Math.min(this.#oldestAtMs, job.call.startedAtMs)
  }

  /** The one that nobody has fetched the result of; null where there is none. */
  find(upstream: string, responseId: string): JobEntry | null {
    return this.#pending.size === 0 ? null : (this.#pending.get(nameOf(upstream, responseId)) ?? null)
  }

  /** Somebody reads what the job has brought about, and will take it in the end: to be called when they do, or do not. */
  read(upstream: string, responseId: string): () => void {
    const name = nameOf(upstream, responseId)
    this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1)
    return () => {
      const left = (this.#readers.get(name) ?? 1) - 1
      if (left === 0) this.#readers.delete(name)
      else this.#readers.set(name, left)
    }
  }

  /** Whether somebody reads it just now. */
  isRead(upstream: string, responseId: string): boolean {
    return this.#readers.has(nameOf(upstream, responseId))
  }

  /** The job, which is the caller's to settle from now on; null where there is none, or it has been settled. */
  take(upstream: string, responseId: string): JobEntry | null {
    if (this.#pending.size === 0) return null
    const name = nameOf(upstream, responseId)
    const job = this.#pending.get(name) ?? null
    this.#pending.delete(name)
    return job
  }

  /** Books what was taken. Where that fails it is pending again. */
  async settle(job: JobEntry, write: () => Promise<unknown>): Promise<void> {
    const name = nameOf(job.call.upstream, job.responseId)
    const written = write()
    this.#settling.set(name, written)
    try {
      await written
    } catch (fault) {
      this.add(job)
      throw fault
    } finally {
      this.#settling.delete(name)
    }
  }

  /** Resolves when what somebody else has taken is booked: until then nobody may be told all of it. */
  async settled(upstream: string, responseId: string): Promise<void> {
    if (this.#settling.size > 0) await this.#settling.get(nameOf(upstream, responseId))
  }

  /** Takes a job whose result nobody will fetch any more, or null: too old, or one too many. */
  takeOverdue(nowMs: number): JobEntry | null {
    if (!this.#isOverdue(nowMs)) return null
    let oldest: JobEntry | null = null
    for (const job of this.#pending.values()) {
      if (oldest === null || job.call.startedAtMs < oldest.call.startedAtMs) oldest = job
    }
    this.#oldestAtMs = oldest?.call.startedAtMs ?? Number.POSITIVE_INFINITY
    return oldest !== null && this.#isOverdue(nowMs) ? this.take(oldest.call.upstream, oldest.responseId) : null
  }

  #isOverdue(nowMs: number): boolean {
    return this.#pending.size > mostPending || nowMs - this.#oldestAtMs >= longestMs
  }
}

function nameOf(upstream: string, responseId: string): string {
  return `${upstream}\n${responseId}`
}
