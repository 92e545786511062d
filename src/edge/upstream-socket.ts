import { connect as connectTcp, isIP, type NetConnectOpts, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'

/** The server of a pool. */
export interface UpstreamAddress {
  readonly secure: boolean
  readonly hostname: string
  readonly port: number
  /** Unix socket instead of a TCP connection, or null. */
  readonly socketPath: string | null
}

/** The session of the latest TLS connection, by which the next one is made in one round trip less. */
export interface TlsMemory {
  session: Buffer | null
}

const readBytes = 65_536
const tcpKeepAliveMs = 60_000

/**
 * What all connections read into, one after the other: a read is over, and what is wanted of it copied, before the next
 * one begins. Where the system fills buffers on its own (Windows) each connection has one.
 */
const sharedMemory = process.platform === 'win32' ? null : Buffer.allocUnsafeSlow(readBytes)

/** `http://host:port` → where to connect. */
export function upstreamAddress(origin: string, socketPath: string | null): UpstreamAddress {
  const { protocol, hostname, port } = new URL(origin)
  const secure = protocol === 'https:'
  return {
    secure,
    // An IPv6 address stands in brackets in a URL only.
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    socketPath,
  }
}

/**
 * Opens a connection; TLS with a verified certificate where the address says so. `onBytes` is given each read in memory
 * that is used again as soon as it returns; false pauses the socket. The caller listens for everything else.
 */
export function openSocket(address: UpstreamAddress, memory: TlsMemory, onBytes: (bytes: Buffer) => boolean): Socket {
  const buffer = sharedMemory ?? Buffer.allocUnsafeSlow(readBytes)
  const onread = { buffer, callback: (bytes: number) => onBytes(buffer.subarray(0, bytes)) }
  const { secure, hostname, port, socketPath } = address
  const place = socketPath === null ? { host: hostname, port } : { path: socketPath }
  const socket = secure ? openTls({ ...place, onread }, hostname, memory) : connectTcp({ ...place, onread })
  return socket.setKeepAlive(true, tcpKeepAliveMs).setNoDelay(true)
}

function openTls(place: NetConnectOpts, hostname: string, memory: TlsMemory): Socket {
  const options: ConnectionOptions & NetConnectOpts = {
    ...place,
    // An address is no server name (RFC 6066, 3).
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    ...(memory.session === null ? {} : { session: memory.session }),
    ALPNProtocols: ['http/1.1'],
  }
  const socket = connectTls(options)
  socket.on('session', (session: Buffer) => {
    memory.session = session
  })
  return socket
}
