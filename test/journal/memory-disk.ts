import type { Disk, DiskFile } from '#store/journal/disk.ts'

/** What becomes of one operation on the disk. `keepRatio`: how much of a write happens before it fails. */
export type Mishap =
  | { readonly kind: 'error'; readonly code: string; readonly keepRatio: number }
  | { readonly kind: 'short'; readonly keepRatio: number }
  | { readonly kind: 'crash'; readonly keepRatio: number }

interface Content {
  bytes: Buffer
  /** As after a power failure, at the least. */
  durable: Buffer
}

type Verb = 'write' | 'truncate' | 'sync' | 'open' | 'rename' | 'remove' | 'syncDirectory' | 'makeDirectory'

/** A disk in memory that fails as planned, and can be looked at as a death of the process or of the machine leaves it. */
export class MemoryDisk implements Disk {
  readonly #names = new Map<string, Content>()
  #durableNames = new Map<string, Content>()
  /** Asked before every operation that changes something. */
  plan: (operation: number, verb: Verb) => Mishap | null = () => null
  capacityBytes = Number.POSITIVE_INFINITY
  operations = 0
  crashed = false

  makeDirectory(_path: string): void {
    this.#act('makeDirectory')
  }

  list(directory: string): string[] {
    this.#assertAlive()
    return [...this.#names.keys()]
      .filter((path) => path.startsWith(`${directory}/`))
      .map((path) => path.slice(directory.length + 1))
  }

  open(path: string, mode: 'read' | 'write'): DiskFile {
    this.#assertAlive()
    const there = this.#names.get(path)
    if (there !== undefined) return this.#file(there)
    if (mode === 'read') throw fault('ENOENT')
    this.#act('open')
    const content: Content = { bytes: Buffer.alloc(0), durable: Buffer.alloc(0) }
    this.#names.set(path, content)
    return this.#file(content)
  }

  rename(from: string, to: string): void {
    this.#act('rename')
    const content = this.#names.get(from)
    if (content === undefined) throw fault('ENOENT')
    this.#names.delete(from)
    this.#names.set(to, content)
  }

  remove(path: string): void {
    this.#act('remove')
    this.#names.delete(path)
  }

  syncDirectory(_path: string): void {
    this.#act('syncDirectory')
    this.#durableNames = new Map(this.#names)
  }

  freeBytes(_directory: string): number {
    this.#assertAlive()
    return this.capacityBytes === Number.POSITIVE_INFINITY ? 1e12 : this.capacityBytes - this.#usedBytes()
  }

  /** The disk that the next process finds after this one was killed. */
  afterDeath(): MemoryDisk {
    const next = new MemoryDisk()
    for (const [path, { bytes, durable }] of this.#names) next.#put(path, bytes, durable)
    return next
  }

  /** After a power failure: only what was synced, and of what was not, as much as the ratio says of each file's end. */
  afterPowerLoss(keepRatio: number): MemoryDisk {
    const next = new MemoryDisk()
    for (const [path, { bytes, durable }] of this.#durableNames) {
      const same = durable.equals(bytes.subarray(0, durable.length))
      const kept = same ? durable.length + Math.floor((bytes.length - durable.length) * keepRatio) : 0
      const content = same ? bytes.subarray(0, kept) : durable
      next.#put(path, content, content)
    }
    return next
  }

  /** Places a file, whole and durable. */
  put(path: string, bytes: Buffer): void {
    this.#put(path, bytes, bytes)
  }

  get(path: string): Buffer {
    return Buffer.from(this.#names.get(path)?.bytes ?? Buffer.alloc(0))
  }

  #put(path: string, bytes: Buffer, durable: Buffer): void {
    const content = { bytes: Buffer.from(bytes), durable: Buffer.from(durable) }
    this.#names.set(path, content)
    this.#durableNames.set(path, content)
  }

  #usedBytes(): number {
    let sum = 0
    for (const { bytes } of this.#names.values()) sum += bytes.length
    return sum
  }

  #assertAlive(): void {
    if (this.crashed) throw fault('ECRASHED')
  }

  /** Returns how much of the operation happens; throws where nothing of it does. */
  #act(verb: Verb): { keepRatio: number; fault: Error | null } {
    this.#assertAlive()
    const mishap = this.plan(++this.operations, verb)
    if (mishap === null) return { keepRatio: 1, fault: null }
    if (mishap.kind === 'crash') this.crashed = true
    const failure = mishap.kind === 'short' ? null : fault(mishap.kind === 'crash' ? 'ECRASHED' : mishap.code)
    if (verb === 'write') return { keepRatio: mishap.keepRatio, fault: failure }
    if (failure !== null) throw failure
    return { keepRatio: 1, fault: null }
  }

  #file(content: Content): DiskFile {
    const sync = () => {
      this.#act('sync')
      content.durable = Buffer.from(content.bytes)
    }
    return {
      sizeBytes: () => content.bytes.length,
      read: (into, at) => {
        this.#assertAlive()
        return at >= content.bytes.length ? 0 : content.bytes.copy(into, 0, at)
      },
      write: (bytes, at) => this.#write(content, bytes, at),
      truncate: (size) => {
        this.#act('truncate')
        content.bytes = Buffer.from(content.bytes.subarray(0, size))
      },
      syncNow: sync,
      sync: async () => sync(),
      close: () => {},
    }
  }

  #write(content: Content, bytes: Buffer, at: number): number {
    const { keepRatio, fault: failure } = this.#act('write')
    const roomBytes = Math.max(0, this.capacityBytes - this.#usedBytes() + Math.max(0, content.bytes.length - at))
    const count = Math.min(Math.floor(bytes.length * keepRatio), roomBytes)
    const grown = Buffer.alloc(Math.max(content.bytes.length, at + count))
    content.bytes.copy(grown)
    bytes.copy(grown, at, 0, count)
    content.bytes = grown
    if (failure !== null) throw failure
    if (count === 0 && bytes.length > 0 && roomBytes === 0) throw fault('ENOSPC')
    return count
  }
}

function fault(code: string): Error {
  return Object.assign(new Error(`planned: ${code}`), { code })
}
