import { connect } from 'node:net'

/**
 * Sends bytes as they are and returns all that comes back until the other side closes: ask for `connection: close`.
 * One character a byte, both ways.
 */
export function rawCall(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(Buffer.from(request, 'latin1')))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

/** A POST as one character a byte: `body` is UTF-8 text. */
export function rawPost(target: string, headers: readonly string[], body: string): string {
  const bytes = Buffer.from(body).toString('latin1')
  const head = [`POST ${target} HTTP/1.1`, ...headers, `content-length: ${bytes.length}`, 'connection: close']
  return `${head.join('\r\n')}\r\n\r\n${bytes}`
}

/** The body without the framing of `transfer-encoding: chunked`. */
export function dechunked(body: string): string {
  let text = ''
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.slice(at, lineEnd), 16)
    if (!(size > 0)) return text
    text += body.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
  }
}
