import { readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { systemClock, systemTimers } from '#edge/system.ts'
import { openBillFile, readRecordings } from '#simulator/files.ts'
import { type Timing, usualTiming } from '#simulator/pace.ts'
import { Recordings } from '#simulator/recordings.ts'
import { Simulation } from '#simulator/server.ts'
import { httpAddress } from '../http-address.ts'

export interface SimulatorOptions {
  /** Port 0 takes a free one. */
  readonly listen?: { readonly host: string; readonly port: number }
  /** Instead of `listen`; a stale socket file is replaced. */
  readonly socketPath?: string
  readonly seed?: number
  readonly timing?: Partial<Timing>
  /** A folder of recorded exchanges to replay. */
  readonly replayDir?: string
  /** Where the bill is appended to; without it the bill is in memory only. */
  readonly billFile?: string
  /** A file with a fault plan. */
  readonly faultsFile?: string
}

export interface RunningSimulator {
  /** `http://127.0.0.1:4010`, or the path of the socket. */
  readonly address: string
  readonly recordings: number
  readonly simulation: Simulation
  /** Stops taking calls, ends the running ones, closes the bill. */
  close(): Promise<void>
}

/** Starts a simulated provider. @throws where the address is taken, or a file cannot be read or opened. */
export async function composeSimulator(options: SimulatorOptions): Promise<RunningSimulator> {
  const recordings = options.replayDir === undefined ? null : new Recordings(readRecordings(options.replayDir))
  const simulation = new Simulation({
    seed: options.seed ?? 1,
    timing: { ...usualTiming, ...options.timing },
    time: { clock: systemClock, timers: systemTimers },
    billSink: options.billFile === undefined ? null : openBillFile(options.billFile),
    recordings,
  })
  if (options.faultsFile !== undefined) {
    simulation.faults.replace(JSON.parse(readFileSync(options.faultsFile, 'utf8')))
  }
  const server = createServer({ keepAliveTimeout: 65_000, noDelay: true, requestTimeout: 0 }, simulation.onRequest)
  const { socketPath } = options
  const { host, port } = options.listen ?? { host: '127.0.0.1', port: 4010 }
  if (socketPath !== undefined) rmSync(socketPath, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    if (socketPath === undefined) server.listen(port, host, 1024, resolve)
    else server.listen(socketPath, 1024, resolve)
  })
  return {
    address: socketPath ?? addressOf(server),
    recordings: recordings?.size ?? 0,
    simulation,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      // The connections' ends are still being told to the answers, which put what they had sent on the bill.
      await new Promise((resolve) => setImmediate(resolve))
      await simulation.bill.close()
    },
  }
}

function addressOf(server: Server): string {
  const bound = server.address()
  return bound === null || typeof bound === 'string' ? '' : httpAddress({ host: bound.address, port: bound.port })
}
