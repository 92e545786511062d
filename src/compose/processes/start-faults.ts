import type { Config } from '#config/config.ts'

/** What keeps Tollgate from starting, for people, by the code of the fault; null for codes that say nothing to them. */
export function startFaultLine(code: unknown, { listen, dataDir }: Config): string | null {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${listen.port} on ${listen.host} is taken by another program; stop it, or choose another port with TOLLGATE_LISTEN=${listen.host}:${nextPort(listen.port)}`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine has no address ${listen.host}; change listen or TOLLGATE_LISTEN`
    case 'EACCES':
      return listen.port < 1024
        ? `port ${listen.port} may not be opened by this user; choose one above 1023 with TOLLGATE_LISTEN`
        : `the data directory ${dataDir} is not writable; change its owner, or choose another data_dir`
    case 'EROFS':
      return `the data directory ${dataDir} is on a read-only disk; choose another data_dir`
    case 'ENOSPC':
      return `no space is left on the disk of ${dataDir}; free some, or choose another data_dir`
    default:
      return null
  }
}

function nextPort(port: number): number {
  return port >= 65_535 ? 4000 : port + 1
}
