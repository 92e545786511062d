import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** Letters that an address has to escape are among them. */
const user = 'tollgate-writer'
const password = 'p@ss/w:rd %41?'

/** A ClickHouse server of a test, see clickhouse-server.ts: started and ended as often as is wanted, on one port. */
export class ClickHouse {
  readonly #directory: string
  #child: ChildProcess | null = null
  #port = 0

  constructor(directory: string) {
    this.#directory = directory
  }

  /** With user and password, as a configuration names it. */
  url({ secret = password, database = '', query = '' } = {}): string {
    return `http://${user}:${encodeURIComponent(secret)}@127.0.0.1:${this.#port}/${database}${query}`
  }

  /** Resolves when it takes requests. */
  async start(): Promise<void> {
    const server = new URL('./clickhouse-server.ts', import.meta.url)
    const child = fork(server, [this.#directory, String(this.#port), user, password], { stdio: 'inherit' })
    this.#child = child
    const said: unknown[] = await once(child, 'message')
    this.#port = (said[0] as { port: number }).port
    // A test that fails before it ends the server must not wait for it: it ends with this process.
    child.unref()
    child.channel?.unref()
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#ended((child) => child.send('stop'))
  }

  /** Ends it at once, in the middle of whatever it does. */
  async kill(): Promise<void> {
    await this.#ended((child) => child.kill('SIGKILL'))
  }

  async #ended(end: (child: ChildProcess) => void): Promise<void> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    const gone = once(child, 'exit')
    end(child)
    await gone
  }
}
