import { JoinedBytes } from '#lib/joined-bytes.ts'
import type { ClientExchange } from '#ports.ts'

export type Gathered = Buffer | 'too_large' | 'client_gone' | 'given_up'

interface UnderWay {
  bytes: number
  end(gathered: Gathered): void
}

/**
 * Takes in bodies that nobody can judge before they are whole, and bounds what is held of all of them. Where that is
 * reached, those that have been under way longest are given up: who sends slowly, or on purpose never to the end, is in
 * nobody's way, since what is meant arrives in the time that a network takes.
 */
export class EventBodies {
  readonly #mostHeldBytes: number
  /** In the order in which they began. */
  readonly #underWay = new Set<UnderWay>()
  #heldBytes = 0

  constructor(mostHeldBytes: number) {
    this.#mostHeldBytes = mostHeldBytes
  }

  gather(exchange: Pick<ClientExchange, 'bodyStream'>, mostBytes: number): Promise<Gathered> {
    const body = exchange.bodyStream()
    return new Promise((resolve) => {
      const came = new JoinedBytes()
      const onData = (piece: Buffer): void => {
        if (underWay.bytes + piece.length > mostBytes) return underWay.end('too_large')
        came.add(piece)
        underWay.bytes += piece.length
        this.#hold(piece.length)
      }
      const underWay: UnderWay = {
        bytes: 0,
        end: (gathered) => {
          // What comes now, until the connection ends, is for nobody.
          body.off('data', onData)
          if (!this.#underWay.delete(underWay)) return
          came.take()
          this.#heldBytes -= underWay.bytes
          resolve(gathered)
        },
      }
      this.#underWay.add(underWay)
      body.on('data', onData)
      body.on('end', () => underWay.end(came.take()))
      for (const broken of ['error', 'close']) body.on(broken, () => underWay.end('client_gone'))
    })
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes
    for (const longest of this.#underWay) {
      if (this.#heldBytes <= this.#mostHeldBytes) return
      longest.end('given_up')
    }
  }
}
