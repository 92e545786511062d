import type { Socket } from 'node:net'

/**
 * Clients that take nothing of what waits for them. They are given so long, and then have their connection closed; Node
 * counts every byte that the system takes as progress.
 */
export class SlowReaders {
  readonly #stalled = new WeakSet<Socket>()

  /** To be called every now and then for each connection that is in the middle of an answer. */
  look(socket: Socket, longestMs: number): void {
    if (socket.writableLength > 0 === this.#stalled.has(socket)) return
    if (this.#stalled.delete(socket)) socket.setTimeout(0)
    else {
      this.#stalled.add(socket)
      socket.setTimeout(longestMs)
    }
  }

  /** Its answer is over; from here on others set its timeouts. */
  forget(socket: Socket): void {
    this.#stalled.delete(socket)
  }
}
