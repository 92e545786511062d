import { request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface ConsoleAnswer {
  readonly status: number
  /** False where the question was to be fresh and the ingester did not get there in time. */
  readonly fresh: boolean
  readonly body: string
}

/** Asks the console of this machine over its socket. Null where none listens there. @throws where it breaks off. */
export function askConsole(socketPath: string, path: string): Promise<ConsoleAnswer | null> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, headers: { accept: 'application/json' } }, (response) => {
      text(response).then(
        (body) =>
          resolve({ status: response.statusCode ?? 0, fresh: response.headers['x-tollgate-fresh'] !== 'false', body }),
        reject,
      )
    })
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null)
      else reject(error)
    })
    asked.end()
  })
}
