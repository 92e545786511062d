import { createServer } from 'node:http'
import { Pool } from 'undici'

/**
 * What a reverse proxy on `node:http` and `undici` costs when it does nothing else: the yardstick for the gateway.
 *
 *   node bench/bare-proxy.ts PORT UPSTREAM_ORIGIN
 */
const [port = '4901', origin = 'http://127.0.0.1:4900'] = process.argv.slice(2)
const pool = new Pool(origin, { connections: 1024, pipelining: 1, allowH2: false })

const server = createServer({ noDelay: true, keepAliveTimeout: 75_000 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks)
    const headers: string[] = []
    const { rawHeaders } = request
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? ''
      const lowered = name.toLowerCase()
      if (lowered === 'host' || lowered === 'connection' || lowered === 'content-length') continue
      headers.push(name, rawHeaders[index + 1] ?? '')
    }
    pool.dispatch(
      { method: request.method as 'POST', path: request.url ?? '/', headers, body },
      {
        // undici insists on it.
        onRequestStart() {},
        onResponseStart(_controller, status, answerHeaders) {
          delete answerHeaders['connection']
          delete answerHeaders['transfer-encoding']
          response.writeHead(status, answerHeaders as Record<string, string>)
        },
        onResponseData(controller, chunk) {
          if (!response.write(chunk)) {
            controller.pause()
            response.once('drain', () => controller.resume())
          }
        },
        onResponseEnd() {
          response.end()
        },
        onResponseError() {
          response.destroy()
        },
      },
    )
  })
})
server.listen(Number(port), '127.0.0.1', 4096, () => process.stdout.write('ready\n'))
