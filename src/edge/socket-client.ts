import { request } from 'node:http'

interface Patience {
  /** Between processes of one machine: whoever takes longer does not answer. */
  readonly withinMs?: number
  /** Whoever says more than this does not answer either. */
  readonly mostBytes?: number
}

/**
 * Asks a process of this machine over its socket, each time on a connection of its own.
 *
 * @returns the body of the answer; null where nobody answers there, or not in time, not whole or not with status 200
 */
export function askSocket(
  socketPath: string,
  path: string,
  { withinMs = 5_000, mostBytes = Number.POSITIVE_INFINITY }: Patience = {},
): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const signal = AbortSignal.timeout(withinMs)
  const asked = request({ socketPath, path, signal, agent: false }, (response) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > mostBytes) response.destroy()
    })
    response.on('end', () => resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString() : null))
    // Broken off in the middle, by whichever side.
    response.on('error', () => resolve(null))
    response.on('close', () => resolve(null))
  })
  asked.on('error', () => resolve(null))
  asked.end()
  return promise
}
