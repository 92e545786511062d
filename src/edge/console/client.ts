import { request } from 'node:http'
import { text } from 'node:stream/consumers'

interface ConsoleAnswer {
  readonly status: number
  /** False where the question was to be fresh and the ingester did not get there in time. */
  readonly fresh: boolean
  readonly body: string
}

/** What is asked, where it is not a GET. */
export interface ConsoleQuestion {
  readonly method: string
  /** Sent as JSON. */
  readonly body?: object | undefined
}

/** Asks the console of this machine over its socket. Null where none listens there. @throws where it breaks off. */
export function askConsole(
  socketPath: string,
  path: string,
  { method, body }: ConsoleQuestion = { method: 'GET' },
): Promise<ConsoleAnswer | null> {
  const headers = { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method, headers }, (response) => {
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
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
