import { createServer } from 'node:http'

/** Answers GET requests on a Unix socket: what the processes of one machine ask each other. */
export class SocketServer {
  readonly #server

  /** `answers` has a path's JSON value, made when it is asked for. */
  constructor(answers: Readonly<Record<string, () => unknown>>) {
    this.#server = createServer((request, response) => {
      const answer = request.method === 'GET' ? answers[request.url ?? ''] : undefined
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
      response.end(answer === undefined ? '{}' : JSON.stringify(answer()))
    })
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(path, () => resolve())
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}
