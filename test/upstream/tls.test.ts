import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { selfSigned } from '#test/receivers/certificate.ts'
import { get, ok, openPool, whatCame } from './wire.ts'

interface Handshake {
  readonly servername: string
  readonly protocol: string
  readonly resumed: boolean
}

const certificate = selfSigned()
const chunks = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${`1388\r\n${'x'.repeat(5_000)}\r\n`.repeat(40)}0\r\n\r\n`
const handshakes: Handshake[] = []
let server: Server
let port = 0

before(async () => {
  server = createServer({ ...certificate, ALPNProtocols: ['h2', 'http/1.1'] }, (socket: TLSSocket) => {
    const { servername, alpnProtocol } = socket as TLSSocket & { servername: string | false }
    handshakes.push({
      servername: servername || '',
      protocol: alpnProtocol || '',
      resumed: socket.isSessionReused(),
    })
    socket.on('error', () => socket.destroy())
    // Larger than a TLS record, in one write.
    const body = 'x'.repeat(100_000)
    socket.on('data', (request) => {
      if (request.includes('GET /keep')) socket.write(ok(body))
      else if (request.includes('GET /chunks')) socket.end(chunks)
      else socket.end(ok(body, 'connection: close'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = typeof address === 'object' ? (address?.port ?? 0) : 0
})
after(() => new Promise((resolve) => server.close(resolve)))

test('a server whose certificate nobody vouches for is not spoken to', async () => {
  const pool = openPool(`https://localhost:${port}`)
  assert.equal((await whatCame(get(pool))).code, 'connect_failed')
  await pool.close()
  assert.deepEqual(handshakes.splice(0), [])
})

test('a server that does not speak TLS cannot be reached', async () => {
  const plain = createServer(certificate)
  plain.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const address = plain.address()
  const pool = openPool(`https://localhost:${typeof address === 'object' ? address?.port : 0}`)
  const { code } = await whatCame(get(pool))
  assert.ok(code === 'connect_failed' || code === 'reset', code)
  await pool.close()
  await new Promise((resolve) => plain.close(resolve))
})

/** Asks three times in a process that trusts the certificate. */
const asking = `
  import { get, openPool, whatCame } from '#test/upstream/wire.ts'
  const pool = openPool(process.argv[1])
  for (let count = 0; count < 3; count++) {
    const { status, body, code } = await whatCame(get(pool, process.argv[2]))
    console.log(JSON.stringify([status, body.length, code]))
  }
  await pool.close()
`

/** Takes one piece of an answer at a time, and none between. */
const takingSlowly = `
  import { openPool } from '#test/upstream/wire.ts'
  const pool = openPool(process.argv[1])
  const answer = await pool.send({ method: 'GET', path: process.argv[2], headers: [], body: null }).answer
  let bytes = 0
  let paused = false
  // What is there before anybody takes it is handed over at once.
  let atOnce = true
  const say = (code) => {
    console.log(JSON.stringify([bytes, code]))
    void pool.destroy()
  }
  answer.deliver({
    bytes: (piece) => {
      if (paused && !atOnce) throw new Error('given more while paused')
      bytes += piece.length
      paused = true
      answer.pause()
      setTimeout(() => {
        paused = false
        answer.resume()
      }, 2)
    },
    end: () => say('none'),
    fail: ({ code }) => say(code),
  })
  atOnce = false
`

test('what was decrypted while nobody wanted it is kept, though the connection has ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-'))
  const file = join(folder, 'ca.pem')
  writeFileSync(file, certificate.cert)
  assert.deepEqual(await ask(`https://localhost:${port}`, file, { path: '/chunks', script: takingSlowly }), [
    JSON.stringify([200_000, 'none']),
  ])
  handshakes.splice(0)
  rmSync(folder, { recursive: true })
})

test('a certificate of NODE_EXTRA_CA_CERTS is trusted, for the names that it bears', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-'))
  const file = join(folder, 'ca.pem')
  writeFileSync(file, certificate.cert)
  const good = JSON.stringify([200, 100_000, 'none'])
  assert.deepEqual(await ask(`https://localhost:${port}`, file), [good, good, good])
  const usual = { servername: 'localhost', protocol: 'http/1.1' }
  assert.deepEqual(handshakes.splice(0), [
    { ...usual, resumed: false },
    { ...usual, resumed: true },
    { ...usual, resumed: true },
  ])
  assert.deepEqual(await ask(`https://localhost:${port}`, file, { path: '/keep' }), [good, good, good])
  assert.equal(handshakes.splice(0).length, 1)
  assert.deepEqual(await ask(`https://127.0.0.1:${port}`, file), [good, good, good])
  assert.deepEqual(
    handshakes.splice(0).map(({ servername }) => servername),
    ['', '', ''],
  )
  // The certificate is not for this name, though it leads to the same server.
  const bad = JSON.stringify([0, 0, 'connect_failed'])
  assert.deepEqual(await ask(`https://localhost.localdomain:${port}`, file), [bad, bad, bad])
  rmSync(folder, { recursive: true })
})

function ask(url: string, authorities: string, { path = '/', script = asking } = {}): Promise<string[]> {
  const args = ['--input-type=module', '--eval', script, url, path]
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: authorities }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  return new Promise((resolve) => child.on('close', () => resolve(said.trim().split('\n'))))
}
