import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below those that the system gives to whoever asks for any (from 32768 on with Linux, 49152 elsewhere): until somebody
 * listens on it, and between two starts, no connection of another test can have taken it.
 */
const [lowest, highest] = [20_000, 32_000]

/** A port of 127.0.0.1 on which nobody listens, for programs that do not say which one they got, or must get it again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
