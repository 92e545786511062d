import type { Socket } from 'node:net'

interface Seen {
  readonly bytes: number
  readonly atMs: number
}

/** Clients that have begun a request and send nothing more of it. */
export class SlowSenders {
  readonly #seen = new WeakMap<Socket, Seen>()

  /**
   * Whether nothing has come for so long. To be asked every now and then for each connection that may be in the middle of
   * a request.
   *
   * @param awaited the rest of a request is waited for, and nobody but the client holds it up
   */
  stalled(socket: Socket, awaited: boolean, { longestMs, nowMs }: { longestMs: number; nowMs: number }): boolean {
    if (!awaited) {
      this.#seen.delete(socket)
      return false
    }
    const bytes = socket.bytesRead
    const seen = this.#seen.get(socket)
    if (seen?.bytes === bytes) return nowMs - seen.atMs > longestMs
    this.#seen.set(socket, { bytes, atMs: nowMs })
    return false
  }
}
