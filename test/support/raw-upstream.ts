import { createServer, type Socket } from 'node:net'

/** A server that speaks no HTTP of its own: it keeps what it is sent, to the byte, and sends what the test wrote. */
export interface RawUpstream {
  readonly url: string
  /** One text (one character a byte) for each request, from its first line to the end of its body. */
  readonly requests: readonly string[]
  /** What it answers from now on: whole HTTP, one character a byte. Several pieces go out one after the other. */
  answers(...pieces: readonly string[]): void
  /** More, on the connection that was asked last. */
  sends(piece: string): void
  close(): Promise<void>
}

const usual = httpAnswer('{"id":"x","object":"chat.completion","model":"gpt-4.1","choices":[]}')

/** A whole answer with its head, as one character a byte. */
export function httpAnswer(body: string, contentType = 'application/json', more: readonly string[] = []): string {
  const head = ['HTTP/1.1 200 OK', `content-type: ${contentType}`, `content-length: ${body.length}`, ...more]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

export async function startRawUpstream(): Promise<RawUpstream> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  let asked: Socket | null = null
  let pieces: readonly string[] = [usual]
  const server = createServer((socket) => {
    let pending = ''
    sockets.add(socket.setNoDelay(true))
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      const whole = wholeRequest(pending)
      if (whole === null) return
      requests.push(whole)
      asked = socket
      pending = pending.slice(whole.length)
      for (const piece of pieces) socket.write(Buffer.from(piece, 'latin1'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address !== 'object') throw new Error('the raw upstream has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    answers: (...next) => {
      pieces = next
    },
    sends: (piece) => asked?.write(Buffer.from(piece, 'latin1')),
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** The first whole request: with a length, in chunks, or without a body. */
function wholeRequest(text: string): string | null {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return null
  const head = text.slice(0, headEnd).toLowerCase()
  const bodyAt = headEnd + 4
  if (head.includes('\r\ntransfer-encoding: chunked')) {
    const end = text.indexOf('0\r\n\r\n', bodyAt)
    return end < 0 ? null : text.slice(0, end + 5)
  }
  const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0)
  return text.length < bodyAt + length ? null : text.slice(0, bodyAt + length)
}

/** What follows the head of a request or an answer. */
export function bodyOf(message: string): string {
  return message.slice(message.indexOf('\r\n\r\n') + 4)
}
