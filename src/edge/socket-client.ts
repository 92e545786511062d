import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** Between processes of one machine: whoever takes longer does not answer. */
const answerWithinMs = 5_000

/**
 * Asks a process of this machine over its socket, as `startSocketServer` answers.
 *
 * @returns the JSON of the answer; null where nobody answers there, or not with it
 */
export function askSocket(socketPath: string, path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(answerWithinMs)
    const asked = request({ socketPath, path, signal }, (response) => {
      text(response).then(
        (body) => resolve(response.statusCode === 200 ? body : null),
        // It broke off: the process has just ended.
        () => resolve(null),
      )
    })
    asked.on('error', () => resolve(null))
    asked.end()
  })
}
