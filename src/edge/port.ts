import { createServer } from 'node:net'

/** Null where the port can be opened, otherwise the code of the system's fault, such as `EADDRINUSE`. */
export function portFault({ host, port }: { readonly host: string; readonly port: number }): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}
