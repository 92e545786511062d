import { createZstdDecompress } from 'node:zlib'

const chunkBytes = 256 * 1024

/** Unpacks piece by piece: what a sound piece holds is there before the next one can fail. */
export class Unpacker {
  readonly #stream = createZstdDecompress({ chunkSize: chunkBytes })
  #unpacked: Buffer[] = []
  #fault: Error | null = null
  #reject: (fault: Error) => void = () => {}

  constructor() {
    this.#stream.on('data', (bytes: Buffer) => this.#unpacked.push(bytes))
    this.#stream.on('error', (fault) => {
      this.#fault = fault
      this.#reject(fault)
    })
  }

  /** What can be unpacked now. Rejects as `node:zlib` does; then, and for good. */
  unpack(piece: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#reject = reject
      if (this.#fault !== null) {
        reject(this.#fault)
        return
      }
      this.#stream.write(piece, (fault) => {
        if (fault) {
          reject(fault)
          return
        }
        // What the stream still holds goes the way of the rest.
        while (this.#stream.read() !== null);
        resolve(Buffer.concat(this.#unpacked))
        this.#unpacked = []
      })
    })
  }

  close(): void {
    this.#stream.destroy()
  }
}
