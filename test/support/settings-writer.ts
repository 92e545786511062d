import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'

/** Takes the write lock of the settings, says so, and gives it back so long after it is told to. */
const program = `
const { parentPort, workerData } = require('node:worker_threads')
const { DatabaseSync } = require('node:sqlite')
const database = new DatabaseSync(workerData.path)
database.exec('BEGIN IMMEDIATE')
database.exec('CREATE TABLE written_elsewhere (text TEXT)')
parentPort.postMessage('writing')
parentPort.once('message', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerData.afterMs)
  database.exec('COMMIT')
  database.close()
  parentPort.postMessage('written')
})
`

/** Somebody else who writes the settings, beside this thread. */
export class SettingsWriter {
  readonly #worker: Worker

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  /** Resolves when it is in the middle of its transaction. */
  static async begin(t: TestContext, path: string, afterMs = 1_000): Promise<SettingsWriter> {
    const worker = new Worker(program, { eval: true, workerData: { path, afterMs } })
    t.after(() => worker.terminate())
    await once(worker, 'message')
    return new SettingsWriter(worker)
  }

  /**
   * Has it end its transaction a second from now. Who waits for it on this thread from now on gets what it wants then;
   * who does not wait is refused, however slow the machine is.
   */
  endsSoon(): Promise<unknown> {
    const written = once(this.#worker, 'message')
    this.#worker.postMessage('end')
    return written
  }
}
